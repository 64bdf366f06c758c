import type { ClientInfo } from "@fleetcast/protocol";
import { createEngine } from "../src/engine.ts";
import type { Engine, EnginePorts } from "../src/engine-api.ts";
import { MemoryLog } from "../src/history/memory-log.ts";
import { MemoryMapLog } from "../src/map/memory-map-log.ts";
import { type ChannelOptions, defaultChannelOptions, type EngineOptions, noRpc } from "../src/options.ts";
import type { ConnectionClaims, OptionOverride, SubscriptionClaims, TokenFailure, TokenVerifier } from "../src/ports.ts";
import { noProxies } from "../src/proxies.ts";
import type { TransportInfo } from "../src/transport.ts";
import { GatedLog } from "./gated-log.ts";
import { GatedMapLog } from "./gated-map-log.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemorySocket } from "./memory-socket.ts";
import { SeededChance } from "./seeded-chance.ts";
import { TestClient } from "./test-client.ts";
import { wireFormat } from "./wire-format.ts";

/** A namespace with everything closed and nothing kept, and what a test opens. */
export function channelOptions(open: Partial<ChannelOptions> = {}): ChannelOptions {
  return { ...defaultChannelOptions, ...open };
}

/** Centrifugo's defaults. */
export function engineOptions(more: Partial<EngineOptions> = {}): EngineOptions {
  return {
    withoutNamespace: channelOptions(),
    namespaces: new Map(),
    namespaceBoundary: ":",
    privatePrefix: "$",
    userBoundary: "#",
    userSeparator: ",",
    channelLengthBytesMax: 255,
    allowAnonymousConnectWithoutToken: false,
    disallowAnonymousConnectionTokens: false,
    insecure: false,
    connectIncludeServerTime: false,
    pingIntervalMs: 25_000,
    pongTimeoutMs: 8_000,
    staleCloseDelayMs: 10_000,
    expiredCloseDelayMs: 25_000,
    expiredSubCloseDelayMs: 25_000,
    presenceUpdateIntervalMs: 27_000,
    channelPositionCheckDelayMs: 40_000,
    channelLimit: 128,
    userConnectionLimit: 0,
    queueBytesMax: 1_048_576,
    historyPublicationsMax: 300,
    recoveryPublicationsMax: 300,
    concurrency: 0,
    channelPositionTimeLagMsMax: 0,
    personalChannel: undefined,
    connectErrorDisconnects: undefined,
    rpc: noRpc,
    sharedPollConcurrency: 64,
    version: "0.0.0 test",
    nodeName: "test",
    ...more,
  };
}

/** A token of the bench says openly what it claims; `fails` makes the verifier refuse it. */
export interface BenchToken {
  readonly user?: string;
  readonly expireAtS?: number;
  readonly info?: string;
  readonly meta?: string;
  readonly channels?: readonly string[];
  readonly subs?: Readonly<Record<string, { readonly info?: string; readonly data?: string; readonly override?: OptionOverride }>>;
  readonly channel?: string;
  readonly client?: string;
  readonly data?: string;
  readonly override?: OptionOverride;
  readonly tokenId?: string;
  readonly issuedAtS?: number;
  readonly fails?: TokenFailure;
}

export const token = (claims: BenchToken): string => JSON.stringify(claims);
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);
const maybeBytes = (value: string | undefined) => (value === undefined ? undefined : bytes(value));

class OpenVerifier implements TokenVerifier {
  async connection(raw: string) {
    const claims = JSON.parse(raw) as BenchToken;
    if (claims.fails !== undefined) return { ok: false, why: claims.fails } as const;
    const result: ConnectionClaims = {
      user: claims.user ?? "",
      expireAtS: claims.expireAtS,
      info: maybeBytes(claims.info),
      meta: maybeBytes(claims.meta),
      channels: claims.channels ?? [],
      tokenId: claims.tokenId,
      issuedAtS: claims.issuedAtS,
      subs: new Map(
        Object.entries(claims.subs ?? {}).map(([channel, { info, data, override }]) => [
          channel,
          { info: maybeBytes(info), data: maybeBytes(data), override: override ?? {} },
        ]),
      ),
    };
    return { ok: true, claims: result } as const;
  }

  async subscription(raw: string) {
    const claims = JSON.parse(raw) as BenchToken;
    if (claims.fails !== undefined) return { ok: false, why: claims.fails } as const;
    const result: SubscriptionClaims = {
      user: claims.user ?? "",
      channel: claims.channel ?? "",
      client: claims.client,
      expireAtS: claims.expireAtS,
      info: maybeBytes(claims.info),
      data: maybeBytes(claims.data),
      override: claims.override ?? {},
    };
    return { ok: true, claims: result } as const;
  }
}

export interface BenchSetup {
  readonly options?: Partial<EngineOptions>;
  /** Namespaces by name; "" for channels without one. */
  readonly namespaces?: Readonly<Record<string, Partial<ChannelOptions>>>;
  readonly ports?: Partial<EnginePorts>;
  readonly seed?: number;
  /** Of an engine that was here before: a restart, with its log or with nothing but its clock and chance. */
  readonly restarts?: { readonly clock: ManualClock; readonly chance: SeededChance; readonly memoryLog?: MemoryLog };
}

/** The transport of most clients; a bench's `open` puts the format of the running test in it. */
export const jsonWebSocket: TransportInfo = {
  transport: "websocket",
  protocol: "json",
  oneWay: false,
  emulated: false,
  disconnectPush: false,
  pings: "protocol",
  remoteAddress: "127.0.0.1",
  headers: new Map(),
  headerUser: undefined,
};

/** An engine with its clock, chance and log in a test's hands, spoken to as clients and servers do. */
export class EngineBench {
  readonly clock: ManualClock;
  readonly chance: SeededChance;
  readonly memoryLog: MemoryLog;
  /** Around the memory log: what the engine sees of it can be held up. */
  readonly gate: GatedLog;
  readonly memoryMapLog: MemoryMapLog;
  /** The same around the maps. */
  readonly mapGate: GatedMapLog;
  readonly engine: Engine;
  /** What the engine reported as its own mistake. */
  readonly reports: { readonly message: string; readonly cause: unknown }[] = [];

  constructor(setup: BenchSetup = {}) {
    this.clock = setup.restarts?.clock ?? new ManualClock();
    this.chance = setup.restarts?.chance ?? new SeededChance(setup.seed ?? 1);
    this.memoryLog = setup.restarts?.memoryLog ?? new MemoryLog({ clock: this.clock, chance: this.chance });
    this.gate = new GatedLog(this.memoryLog);
    this.memoryMapLog = new MemoryMapLog({ clock: this.clock, chance: this.chance });
    this.mapGate = new GatedMapLog(this.memoryMapLog);
    const { "": without, ...named } = setup.namespaces ?? {};
    const namespaces = new Map(Object.entries(named).map(([name, open]) => [name, channelOptions(open)]));
    const options = engineOptions({ withoutNamespace: channelOptions(without), namespaces, ...setup.options });
    this.engine = createEngine(options, {
      clock: this.clock,
      chance: this.chance,
      verifier: new OpenVerifier(),
      memoryLog: this.gate,
      mapLog: this.mapGate,
      proxies: noProxies,
      report: (message, cause) => this.reports.push({ message, cause }),
      ...setup.ports,
    });
  }

  /** Opens a socket that says nothing yet. */
  open(transport: Partial<TransportInfo> = {}): TestClient {
    const socket = new MemorySocket();
    const whole: TransportInfo = { ...jsonWebSocket, protocol: wireFormat(), ...transport };
    const input = this.engine.accept(socket, whole);
    socket.attach(input);
    return new TestClient(this.clock, socket, input, whole.protocol);
  }

  /** Opens a socket and connects with these claims. */
  async connect(
    claims: BenchToken = { user: "ann" },
    more: Readonly<Record<string, unknown>> = {},
    transport: Partial<TransportInfo> = {},
  ): Promise<TestClient> {
    const client = this.open(transport);
    await client.call("connect", { token: token(claims), ...more });
    return client;
  }

  /** Lets time pass second by second while these clients answer their pings. */
  async pass(ms: number, ...clients: readonly TestClient[]): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      await this.clock.advance(Math.min(left, 1_000));
      for (const client of clients) client.answerPings();
    }
  }

  async publish(
    channel: string,
    data: string,
    more: { readonly info?: ClientInfo; readonly tags?: Readonly<Record<string, string>> } = {},
  ) {
    const done = this.engine.publish({ channel, data: bytes(data), ...more });
    await this.clock.settle();
    return done;
  }
}
