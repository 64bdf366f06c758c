import { Signal } from "./signal.ts";
import { asRecord, asText } from "./telemetry.ts";

export interface Watcher {
  readonly user: string;
  readonly name: string;
  readonly you: boolean;
}

interface Present {
  readonly client: string;
  readonly user: string;
  readonly connInfo?: unknown;
}

/**
 * Who else looks at a machine: presence of its events channel, kept current by joins and leaves. A person with three tabs
 * is one watcher. Joins and leaves that overtake the presence answer are newer than it and win.
 */
export class Watchers {
  readonly #signal = new Signal();
  readonly subscribe = this.#signal.subscribe;
  readonly #ownUser: string;
  readonly #clients = new Map<string, Present>();
  #since: Map<string, "joined" | "left"> | null = null;
  #list: readonly Watcher[] = [];

  constructor(ownUser: string) {
    this.#ownUser = ownUser;
  }

  get list(): readonly Watcher[] {
    return this.#list;
  }

  /** Call before presence is asked for; `loaded` with the answer. */
  loading(): void {
    this.#since = new Map();
  }

  loaded(clients: readonly Present[]): void {
    const since = this.#since ?? new Map<string, "joined" | "left">();
    for (const client of [...this.#clients.keys()]) if (since.get(client) !== "joined") this.#clients.delete(client);
    for (const present of clients) if (since.get(present.client) !== "left") this.#clients.set(present.client, present);
    this.#since = null;
    this.#publish();
  }

  join(present: Present): void {
    this.#since?.set(present.client, "joined");
    this.#clients.set(present.client, present);
    this.#publish();
  }

  leave(present: Pick<Present, "client">): void {
    this.#since?.set(present.client, "left");
    if (this.#clients.delete(present.client)) this.#publish();
  }

  #publish(): void {
    const byUser = new Map<string, Watcher>();
    for (const { user, connInfo } of this.#clients.values()) {
      const name = asText(asRecord(connInfo)?.["name"]) ?? user;
      if (!byUser.has(user)) byUser.set(user, { user, name, you: user === this.#ownUser });
    }
    this.#list = [...byUser.values()].sort((a, b) => Number(b.you) - Number(a.you) || a.name.localeCompare(b.name));
    this.#signal.emit();
  }
}
