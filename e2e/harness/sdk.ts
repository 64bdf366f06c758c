import { NodeClient } from "./node-client.ts";
import { eventually } from "./process.ts";

export interface SdkEvent {
  readonly event: string;
  readonly channel?: string;
  // biome-ignore lint/suspicious/noExplicitAny: payloads are whatever the test published
  readonly data?: any;
  readonly offset?: number;
  readonly tags?: Record<string, string>;
  readonly code?: number;
  readonly client?: string;
  /** Of `connected`: the one that it came to. */
  readonly transport?: string;
  readonly wasRecovering?: boolean;
  readonly recovered?: boolean;
  readonly position?: { readonly offset: number; readonly epoch: string };
  readonly error?: { readonly code: number; readonly message: string };
  readonly info?: { readonly user: string; readonly client: string; readonly connInfo?: unknown };
}

/** The official client, on Node, driven line by line. */
export class Sdk {
  #process: NodeClient;
  #next = 1;
  #read = 0;

  constructor(options: {
    readonly url: string;
    /** Instead of the WebSocket at `url`, in the order in which the client tries them. */
    readonly transports?: readonly { readonly transport: string; readonly endpoint: string }[];
    readonly token?: string;
    readonly client?: Record<string, unknown>;
    readonly protobuf?: boolean;
    /** Of the request that opens the socket. */
    readonly headers?: Readonly<Record<string, string>>;
    /** PEM file of an authority that it trusts. */
    readonly caFile?: string | undefined;
  }) {
    this.#process = new NodeClient("sdk.mjs", options, options.caFile);
  }

  #lines(): Record<string, unknown>[] {
    const lines = this.#process.output.split("\n");
    lines.pop();
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        throw new Error(`the client printed: ${line}`);
      }
    });
  }

  get events(): SdkEvent[] {
    return this.#lines().filter((line) => line["event"] !== undefined) as unknown as SdkEvent[];
  }

  publications(channel: string): SdkEvent[] {
    return this.events.filter((event) => event.event === "publication" && event.channel === channel);
  }

  /** The next event of this kind that was not taken yet by an earlier `next`. */
  async next(what: string, accept: (event: SdkEvent) => boolean = () => true, limitMs = 10_000): Promise<SdkEvent> {
    return await eventually(`event ${what}`, limitMs, () => {
      const events = this.events;
      const index = events.findIndex((event, i) => i >= this.#read && event.event === what && accept(event));
      if (index < 0) return undefined;
      this.#read = index + 1;
      return events[index];
    });
  }

  async call<T = unknown>(op: string, arguments_: Record<string, unknown> = {}, limitMs = 10_000): Promise<T> {
    const id = this.#next++;
    this.#process.say(JSON.stringify({ id, op, ...arguments_ }));
    const line = await eventually(`answer to ${op}`, limitMs, () => this.#lines().find((candidate) => candidate["answer"] === id));
    const error = line["error"] as { code: number; message: string } | undefined;
    if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
    return line["result"] as T;
  }

  async connect(): Promise<SdkEvent> {
    await this.call("connect");
    return await this.next("connected");
  }

  async subscribe(channel: string, options?: Record<string, unknown>): Promise<SdkEvent> {
    await this.call("subscribe", { channel, options });
    return await this.next("subscribed", (event) => event.channel === channel);
  }

  async end(): Promise<void> {
    await this.#process.end();
  }
}
