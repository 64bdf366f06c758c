import { eventually } from "../../harness/process.ts";
import type { Fields, Listener, Program, SdkEvent } from "./program.ts";

/** One client of a program, as a scenario speaks to it. */
export class RemoteClient {
  readonly name: string;
  readonly events: SdkEvent[] = [];
  /** One line a call, for the transcript. */
  readonly answers: string[] = [];
  /** What its SDK asked tokens for: a channel, or undefined for the connection. */
  readonly asked: (string | undefined)[] = [];
  readonly #program: Program;
  readonly #id: string;
  readonly #taken = new Set<SdkEvent>();

  private constructor(program: Program, id: string, name: string) {
    this.#program = program;
    this.#id = id;
    this.name = name;
  }

  static async created(program: Program, id: string, name: string, options: Fields, token: Listener["token"]): Promise<RemoteClient> {
    const client = new RemoteClient(program, id, name);
    program.listen(id, {
      event: (event) => void client.events.push(event),
      token: (channel, keys) => {
        client.asked.push(channel);
        return token(channel, keys);
      },
    });
    await client.call("create", options);
    return client;
  }

  async call<T = unknown>(op: string, more: Fields = {}): Promise<T> {
    try {
      const result = await this.#program.call<T>(this.#id, op, more);
      this.answers.push(`${op} ${JSON.stringify(result)}`);
      return result;
    } catch (error) {
      const { code, message } = error as { code?: number; message: string };
      // What the SDK itself says of its trouble is its own affair.
      this.answers.push(`${op} failed with ${code}${code === 0 ? "" : ` ${message}`}`);
      throw error;
    }
  }

  /** The first event of this kind that no earlier `next` has taken. */
  async next(kind: string, accept: (event: SdkEvent) => boolean = () => true, limitMs = 10_000): Promise<SdkEvent> {
    const found = await eventually(`"${kind}" at ${this.name}`, limitMs, () =>
      this.events.find((event) => event.event === kind && !this.#taken.has(event) && accept(event)),
    ).catch((error: Error) => {
      throw new Error(
        `${error.message}; it saw ${this.events
          .map((event) => event.event)
          .slice(-30)
          .join(" ")}`,
      );
    });
    this.#taken.add(found);
    return found;
  }

  /** Everything of this kind so far, taken or not. */
  all(kind: string, channel?: string): SdkEvent[] {
    return this.events.filter((event) => event.event === kind && (channel === undefined || event.channel === channel));
  }

  async connect(): Promise<SdkEvent> {
    await this.call("connect");
    return await this.next("connected");
  }

  async subscribe(channel: string, options: Fields = {}): Promise<SdkEvent> {
    await this.call("subscribe", { channel, ...options });
    return await this.next("subscribed", (event) => event.channel === channel);
  }
}
