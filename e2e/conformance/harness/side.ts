import assert from "node:assert/strict";
import { Sdk } from "../../harness/sdk.ts";
import type { Backend, BackendDoor } from "./backend.ts";
import { Client, pause } from "./client.ts";
import type { RunningEngine, SideName } from "./engines.ts";
import { jsonFormat } from "./json-format.ts";
import { inSeconds, type JwtOptions, jwt } from "./jwt.ts";
import { protobufFormat } from "./protobuf-format.ts";
import { type RawAnswer, type RawRequest, rawBytes, rawHttp } from "./raw-http.ts";
import { type OpenOptions, RawWebSocket } from "./raw-websocket.ts";
import { saidMark, Transcript } from "./transcript.ts";
import type { FormatName, Wire, WireFormat } from "./wire-format.ts";

export const API_KEY = "the-api-key-of-the-conformance-suite";

export const formats: Readonly<Record<FormatName, WireFormat>> = { json: jsonFormat, protobuf: protobufFormat };

export interface ConnectOptions {
  /** `sub` of the token; the run's own user by default. Names are used as given: pass `side.user("ann")`. */
  readonly user?: string;
  /** More claims, or others. */
  readonly claims?: Wire;
  /** This token instead; "" for none. */
  readonly token?: string;
  /** More of the connect request: `data`, `subs`, `name`, ... */
  readonly request?: Wire;
  readonly open?: Partial<OpenOptions>;
}

/** One run of one rule on one server: its names, its clients, its doors. */
export class Side {
  readonly name: SideName;
  readonly engine: RunningEngine;
  readonly format: WireFormat;
  readonly transcript: Transcript;
  readonly backend: BackendDoor;
  /** In every name of this run, so that runs do not meet; the transcripts show it as `<tag>`. */
  readonly tag: string;
  #clients: Client[] = [];
  #sdks: { readonly sdk: Sdk; readonly name: string }[] = [];
  #cleanups: (() => void | Promise<void>)[] = [];

  constructor(engine: RunningEngine, format: WireFormat, tag: string, backend: Backend) {
    this.name = engine.name;
    this.engine = engine;
    this.format = format;
    this.tag = tag;
    this.transcript = new Transcript(tag);
    this.backend = backend.door(tag, this.transcript);
  }

  get port(): number {
    return this.engine.port;
  }

  /** A channel that no other run uses: `pub:news` becomes `pub:news-<tag>`. */
  channel(name: string): string {
    return `${name}-${this.tag}`;
  }

  user(name = "ann"): string {
    return `${name}-${this.tag}`;
  }

  /** A connection token of the run's user, valid for an hour. */
  token(claims: Wire = {}, options: JwtOptions = {}): string {
    return jwt({ sub: this.user(), exp: inSeconds(3_600), ...claims }, options);
  }

  /** A subscription token of the run's user. */
  subscriptionToken(channel: string, claims: Wire = {}, options: JwtOptions = {}): string {
    return this.token({ channel, ...claims }, options);
  }

  /** A socket of the run's format, nothing said yet. */
  async open(options: Partial<OpenOptions> = {}, format: WireFormat = this.format): Promise<Client> {
    const protocols = options.protocols ?? [format.subprotocol];
    const socket = await RawWebSocket.open({ port: this.port, ...options, protocols });
    const client = new Client(socket, format, this.transcript.lane("client"));
    this.#clients.push(client);
    return client;
  }

  /** A client whose connect command was answered with a result. */
  async connect(options: ConnectOptions = {}): Promise<Client> {
    const client = await this.open(options.open);
    await client.ok("connect", this.connectRequest(options));
    return client;
  }

  connectRequest({ user, claims, token, request }: ConnectOptions = {}): Wire {
    const bearer = token ?? this.token({ ...(user === undefined ? {} : { sub: user }), ...claims });
    return { ...(bearer === "" ? {} : { token: bearer }), ...request };
  }

  /** The official client on Node; its events join the transcript when the rule is over. */
  sdk(options: { readonly token?: string; readonly client?: Wire; readonly transports?: readonly string[] } = {}): Sdk {
    const http = `http://127.0.0.1:${this.port}`;
    const transports = options.transports?.map((transport) => ({ transport, endpoint: `${http}/connection/${transport}` }));
    const sdk = new Sdk({
      url: `ws://127.0.0.1:${this.port}/connection/websocket`,
      ...(transports === undefined ? {} : { transports }),
      token: options.token ?? this.token(),
      client: { ...(transports === undefined ? {} : { emulationEndpoint: `${http}/emulation` }), ...options.client },
      protobuf: this.format.name === "protobuf",
    });
    this.#sdks.push({ sdk, name: "official client" });
    return sdk;
  }

  /** A call of the server API that has to succeed; resolves with its `result`. */
  async api(method: string, params: Wire = {}): Promise<Wire> {
    const answer = await this.apiAnswer(method, params);
    assert.equal(answer.status, 200, `${method}: ${answer.status} ${answer.body}`);
    const body = JSON.parse(answer.body) as Wire;
    assert.equal(body["error"], undefined, `${method}: ${answer.body}`);
    return body["result"] as Wire;
  }

  /** The same with whatever comes back. A text or bytes as `params` go as they are. */
  async apiAnswer(
    method: string,
    params: Wire | string | Uint8Array = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawAnswer> {
    const body = typeof params === "string" || params instanceof Uint8Array ? params : JSON.stringify(params);
    const path = method.startsWith("/") ? method : `/api/${method}`;
    return this.http({ path, headers: { "X-API-Key": API_KEY, ...headers }, body });
  }

  /** Publishes through the server API. */
  publish(channel: string, data: unknown, more: Wire = {}): Promise<Wire> {
    return this.api("publish", { channel, data, ...more });
  }

  async http(request: RawRequest): Promise<RawAnswer> {
    const body = request.body === undefined ? "" : ` ${Buffer.from(request.body as Uint8Array).toString("latin1")}`;
    return this.#told(`${request.method ?? "POST"} ${request.path}${body}`, await rawHttp(this.port, request));
  }

  /** Exact bytes on a socket of their own. */
  async httpBytes(bytes: string | Uint8Array): Promise<RawAnswer> {
    return this.#told(Buffer.from(bytes as Uint8Array).toString("latin1"), await rawBytes(this.port, Buffer.from(bytes as Uint8Array)));
  }

  /** A line of one's own in the transcript: for what the harness does not see. */
  note(lane: string, line: string): void {
    this.transcript.lane(lane).add(line);
  }

  /** Runs when the rule is over, passed or not. */
  later(cleanup: () => void | Promise<void>): void {
    this.#cleanups.push(cleanup);
  }

  /** Waits until everything that is still on its way has arrived. */
  async settle(): Promise<void> {
    await pause(25);
    await Promise.all(
      this.#clients.filter((client) => client.isConnected).map((client) => Promise.race([client.settled(), pause(1_000)]).catch(() => {})),
    );
    for (const { sdk, name } of this.#sdks) {
      const lane = this.transcript.lane(name);
      for (const event of sdk.events) lane.add(JSON.stringify(event));
    }
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.end();
    for (const { sdk } of this.#sdks) await sdk.end();
    for (const cleanup of this.#cleanups) await cleanup();
    this.backend.close();
  }

  #told(said: string, answer: RawAnswer): RawAnswer {
    const type = answer.headers.get("content-type");
    // A lane of its own for each answer: calls made at once come back in any order.
    const lane = this.transcript.lane("http");
    lane.add(saidMark + said);
    lane.add(`${answer.status} ${type ?? "no content type"} ${answer.body}`);
    return answer;
  }
}
