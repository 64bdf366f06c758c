import type { Backend } from "../../conformance/harness/backend.ts";
import { jsonFormat } from "../../conformance/harness/json-format.ts";
import { Side } from "../../conformance/harness/side.ts";
import { BrokenLine } from "./broken-line.ts";
import type { Fields, Listener, Program } from "./program.ts";
import { RemoteClient } from "./remote-client.ts";
import type { Server } from "./servers.ts";
import type { Way } from "./ways.ts";

export interface ClientOptions {
  /** The user's own token of an hour by default; "" for none. */
  readonly token?: string;
  /** More claims of that token. */
  readonly claims?: Fields;
  /** Answers what the SDK asks for; undefined refuses. Without it the SDK has nobody to ask. */
  readonly tokens?: Listener["token"];
  /** Also for subscriptions alone: nobody answers for the connection. */
  readonly asksForConnection?: boolean;
  readonly line?: BrokenLine;
  readonly data?: unknown;
  readonly pingDelayMs?: number;
}

/** One scenario's run: one SDK by one way on one server, with names of its own. */
export class Session extends Side {
  readonly way: Way;
  readonly #server: Server;
  readonly #program: Program;
  readonly #clients: RemoteClient[] = [];

  constructor(server: Server, way: Way, program: Program, tag: string, backend: Backend) {
    super(server.engine, jsonFormat, tag, backend);
    this.way = way;
    this.#server = server;
    this.#program = program;
  }

  async client(name = "ann", options: ClientOptions = {}): Promise<RemoteClient> {
    const token = options.token ?? this.token({ sub: this.user(name), ...options.claims });
    const created = await RemoteClient.created(
      this.#program,
      `${name}-${this.tag}-${this.#clients.length}`,
      name,
      {
        ...this.way.address(options.line?.port ?? this.port),
        protobuf: this.way.protobuf,
        // One of the two with it, so that both are tried.
        compressed: this.way.protobuf,
        token,
        asks: options.tokens !== undefined && options.asksForConnection !== false,
        ...(options.data === undefined ? {} : { data: options.data }),
        ...(options.pingDelayMs === undefined ? {} : { pingDelayMs: options.pingDelayMs }),
      },
      (channel, keys) => options.tokens?.(channel, keys),
    );
    this.#clients.push(created);
    return created;
  }

  /** A client that is connected. */
  async connected(name = "ann", options: ClientOptions = {}): Promise<RemoteClient> {
    const client = await this.client(name, options);
    await client.connect();
    return client;
  }

  async line(): Promise<BrokenLine> {
    const line = await BrokenLine.to(this.port);
    this.later(() => line.end());
    return line;
  }

  /** Resolves when the server has been stopped by SIGTERM and answers again, at its old address. */
  restarted(): Promise<void> {
    return this.#server.arrive(this);
  }

  override async settle(): Promise<void> {
    await super.settle();
    for (const client of this.#clients) this.#write(client);
    this.#compareQuestionsByValue();
  }

  override async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.call("disconnect").catch(() => {})));
    await super.end();
  }

  /** A lane for the connection and one for each channel: their events come in an order, and none between them. */
  #write({ name, events, answers }: RemoteClient): void {
    const lanes = new Map<string, string[]>([[name, []]]);
    for (const event of events) {
      if (event.error?.code === 0) continue;
      const lane = event.channel === undefined ? name : `${name} on ${event.channel.replaceAll(this.tag, "")}`;
      if (!lanes.has(lane)) lanes.set(lane, []);
      lanes.get(lane)!.push(JSON.stringify(event));
    }
    lanes.set(`${name}'s answers`, answers);
    for (const [lane, lines] of lanes) {
      const written = this.transcript.lane(lane);
      for (const line of lines) written.add(line);
    }
  }

  /** The real server writes a payload anew for its proxies, ours sends it on as it came: the same value, another text. */
  #compareQuestionsByValue(): void {
    for (const [lane, lines] of this.transcript.lanes)
      if (lane.startsWith("backend ")) lines.splice(0, lines.length, ...lines.map((line) => JSON.stringify(JSON.parse(line))));
  }
}
