import assert from "node:assert/strict";
import { type EngineBench, token } from "./engine-bench.ts";
import type { TestClient, Wire } from "./test-client.ts";

interface Position {
  offset: number;
  epoch: string;
}

/** What a client knows of a map, and how it came to know it. */
interface Followed {
  /** `away`: nothing is asked for. `paging`: a page is on its way. `live`: every change comes by itself. */
  state: "away" | "paging" | "live";
  /** Undefined while the map has to be read from its beginning. */
  position: Position | undefined;
  values: Map<string, string>;
  /** Every change that came since the last beginning: none may come twice. */
  readonly seen: Set<string>;
  id: number;
}

/**
 * A client that reads a map as an SDK does: pages of the state, pages of changes, live; it comes back from where it was,
 * and begins anew when it is told that this cannot be. Each rule is an assertion at the very message that breaks it.
 * Changes have to be told apart by their data.
 */
export class SimulatedMapClient {
  readonly user: string;
  readonly #bench: EngineBench;
  /** Channels by whether their changes have positions. */
  readonly #hasStream: ReadonlyMap<string, boolean>;
  readonly #maps = new Map<string, Followed>();
  #wire: TestClient | undefined;
  #nextId = 100;
  #read = 0;
  received = 0;
  recoveries = 0;
  beginnings = 0;
  pages = 0;

  constructor(bench: EngineBench, hasStream: ReadonlyMap<string, boolean>, user: string) {
    this.#bench = bench;
    this.#hasStream = hasStream;
    this.user = user;
  }

  get isConnected(): boolean {
    return this.#wire !== undefined && this.#wire.closeCode === undefined;
  }

  get wire(): TestClient | undefined {
    return this.#wire;
  }

  isLive(channel: string): boolean {
    return this.isConnected && this.#maps.get(channel)?.state === "live";
  }

  values(channel: string): ReadonlyMap<string, string> {
    return this.#maps.get(channel)?.values ?? new Map();
  }

  connect(): void {
    this.#wire = this.#bench.open();
    this.#read = 0;
    for (const followed of this.#maps.values()) this.#leave(followed);
    this.#wire.say(JSON.stringify({ id: 1, connect: { token: token({ user: this.user }) } }));
  }

  /** Begins, or comes back. */
  subscribe(channel: string): void {
    const followed = this.#followed(channel);
    if (followed.state !== "away") return;
    followed.state = "paging";
    const { position } = followed;
    if (position !== undefined) this.#ask(channel, { phase: this.#nextId % 2, recover: true, ...position });
    else this.#ask(channel, { phase: 2 });
  }

  unsubscribe(channel: string): void {
    const followed = this.#followed(channel);
    if (followed.state !== "live") return;
    this.judge();
    this.#leave(followed);
    this.#sayUnsubscribe(channel);
  }

  /** The network is gone; what had arrived is still read. */
  cut(): void {
    this.judge();
    this.#wire?.cut();
    this.#wire = undefined;
    for (const followed of this.#maps.values()) this.#leave(followed);
  }

  /** Reads everything that arrived since the last time, and asks for what comes next. */
  judge(): void {
    const messages = this.#wire?.messages ?? [];
    for (; this.#read < messages.length; this.#read++) this.#judge(messages[this.#read] ?? {});
  }

  #followed(channel: string): Followed {
    let followed = this.#maps.get(channel);
    if (followed === undefined) {
      followed = { state: "away", position: undefined, values: new Map(), seen: new Set(), id: 0 };
      this.#maps.set(channel, followed);
    }
    return followed;
  }

  /** Only a live map with positions can be gone on with. */
  #leave(followed: Followed): void {
    if (followed.state === "paging") followed.position = undefined;
    followed.state = "away";
    followed.id = -1;
  }

  #ask(channel: string, request: Readonly<Record<string, unknown>>): void {
    const followed = this.#followed(channel);
    followed.id = this.#nextId++;
    if (request["phase"] === 2 && request["cursor"] === undefined) {
      this.beginnings++;
      followed.values = new Map();
      followed.seen.clear();
      followed.position = undefined;
    }
    this.#wire?.say(JSON.stringify({ id: followed.id, subscribe: { channel, type: 1, limit: 2, ...request } }));
  }

  #sayUnsubscribe(channel: string): void {
    this.#wire?.say(JSON.stringify({ id: this.#nextId++, unsubscribe: { channel } }));
  }

  #judge(message: Wire): void {
    if ("push" in message) this.#judgePush(message["push"] as Wire);
    for (const [channel, followed] of this.#maps) {
      if (message["id"] !== followed.id) continue;
      if ("subscribe" in message) this.#judgePage(channel, followed, message["subscribe"] as Wire);
      else this.#judgeError(channel, followed, message["error"]?.["code"]);
    }
  }

  #judgeError(channel: string, followed: Followed, code: number): void {
    assert.ok([100, 103, 112].includes(code), `${this.user} on ${channel}: error ${code}`);
    followed.state = "away";
    followed.position = undefined;
    followed.id = -1;
  }

  #judgePage(channel: string, followed: Followed, page: Wire): void {
    const where = `${this.user} on ${channel}`;
    const hasStream = this.#hasStream.get(channel) === true;
    assert.equal(page["type"], 1);
    this.pages++;
    const { phase = 0, offset = 0, epoch = "", cursor, state = [], publications = [] } = page;
    for (const entry of state) {
      assert.ok(!followed.values.has(entry["key"]), `[MS4] ${where}: ${entry["key"]} stands in two pages`);
      this.#apply(followed, entry, where);
    }
    if (followed.position === undefined && phase === 2) followed.position = { offset, epoch };
    const { position } = followed;
    for (const change of publications) {
      if (hasStream && position !== undefined) {
        assert.equal(change["offset"], position.offset + 1, `[P1] ${where}: changes after ${position.offset}`);
        position.offset++;
      }
      this.#apply(followed, change, where);
    }
    if (phase === 2 && cursor !== undefined) this.#ask(channel, { phase: 2, cursor, ...followed.position });
    else if (phase !== 0) this.#ask(channel, { phase: 1, ...followed.position });
    else {
      if (page["recovered"] === true) this.recoveries++;
      if (hasStream && position !== undefined)
        assert.equal(offset, position.offset, `[P1] ${where}: the top is ${offset}, changes reach ${position.offset}`);
      followed.state = "live";
      followed.position = hasStream ? { offset, epoch } : undefined;
      followed.id = -1;
    }
  }

  #judgePush(push: Wire): void {
    const channel = String(push["channel"]);
    const followed = this.#followed(channel);
    if ("unsubscribe" in push) {
      // A request that is still on its way to the server would subscribe again, and nobody would know.
      if (followed.state === "paging") this.#sayUnsubscribe(channel);
      this.#leave(followed);
      return;
    }
    // What was on its way when the client left is dropped, as an SDK does.
    if (!("pub" in push) || followed.state !== "live") return;
    const change = push["pub"] as Wire;
    const { position } = followed;
    if (position !== undefined) {
      assert.equal(change["offset"], position.offset + 1, `[P1] [P4] ${this.user} on ${channel} after ${position.offset}`);
      position.offset++;
    }
    this.#apply(followed, change, `${this.user} on ${channel}`);
  }

  #apply(followed: Followed, change: Wire, where: string): void {
    const { key, data, removed } = change;
    this.received++;
    if (removed === true) {
      followed.values.delete(key);
      return;
    }
    const value = JSON.stringify(data);
    assert.ok(!followed.seen.has(value), `[MS17] ${where}: ${key}=${value} came twice`);
    followed.seen.add(value);
    followed.values.set(key, value);
  }
}
