import { type AppendResult, type Engine, EngineRefusal, type EngineStats, UnrecoverablePosition } from "@fleetcast/engine";
import type { CommittedBatch } from "@fleetcast/storage";
import { compileGlob } from "../glob.ts";
import {
  badRequest,
  internalError,
  notAvailable,
  refusalOf,
  refusalOfType,
  requireOptions,
  unrecoverablePosition,
} from "./channel-rules.ts";
import { type NodeInfo, type PublishRequest, type PublishResult, type PushEngine, PushError } from "./push-engine.ts";

/** What `createEmbeddedPush` is handed. */
export interface EmbeddedPushPorts {
  readonly engine: Engine;
  /** The engine's journal log: takes committed batches; absent where no namespace is journaled. */
  readonly journalLog?: { offer(batch: CommittedBatch): void } | undefined;
}

/** Codes a server may close a connection with: the protocol's own and the application's (centrifugo-v6 section 6.2). */
const closeCodeMin = 3001;
const closeCodeMax = 4999;
/** What fits into a WebSocket close frame beside the code. */
const closeReasonBytesMax = 123;

/** The engine in this process behind the port that everything above it sees. */
export function createEmbeddedPush(ports: EmbeddedPushPorts): PushEngine {
  const { engine, journalLog } = ports;
  return {
    kind: "embedded",
    healthy: true,
    lag: 0,
    start: async () => {},
    offer: (batch) => journalLog?.offer(batch),
    publish: (request) => publish(engine, request),
    broadcast: (channels, request) => refusing(async () => broadcast(engine, channels, request)),
    presence: (channel) => refusing(async () => engine.presence(channel)),
    presenceStats: (channel) => refusing(async () => engine.presenceStats(channel)),
    history: (request) =>
      refusing(async () => {
        const options = requireOptions(engine.options, request.channel);
        if (options.historySize <= 0 || options.historyTtlMs <= 0) throw notAvailable();
        // The server API's word for it is 100, not the 107 that a client hears (H7).
        if (request.reverse === true && request.since?.offset === 0) throw internalError();
        return engine.history(request);
      }),
    historyRemove: (channel) => refusing(() => engine.historyRemove(channel)),
    maps: {
      publish: (request) => refusing(() => engine.maps.publish(request)),
      remove: (request) => refusing(() => engine.maps.remove(request)),
      readState: (request) => refusing(() => engine.maps.readState(request)),
      readStream: (request) => refusing(() => engine.maps.readStream(request)),
      stats: (channel) => refusing(() => engine.maps.stats(channel)),
      clear: (channel) => refusing(() => engine.maps.clear(channel)),
    },
    sharedPollPublish: (call) => refusing(() => engine.sharedPollPublish(call)),
    subscribe: (target, call) => refusing(() => engine.subscribe(target, call)),
    unsubscribe: (target, channel) => refusing(() => engine.unsubscribe(target, channel)),
    refresh: (target, call) => refusing(() => engine.refresh(target, call)),
    disconnect: (target, disconnect, whitelist = []) =>
      refusing(async () => {
        const { code, reason } = disconnect ?? { code: 3503, reason: "force disconnect" };
        if (code < closeCodeMin || code > closeCodeMax) throw badRequest();
        engine.disconnect(target, code, cutToBytes(reason, closeReasonBytesMax), whitelist);
      }),
    cut: (isMeant, disconnect) => engine.cut(isMeant, disconnect),
    connections: (page) => engine.connections(page),
    channels: (pattern) => refusing(async () => matchingChannels(engine.channels(), pattern)),
    info: () => refusing(async () => [nodeInfo(engine, engine.stats())]),
    stop: (limitMs) => engine.stop(limitMs),
  };
}

/** The shortest way: this call is the loop of every publisher over HTTP. */
function publish(engine: Engine, request: PublishRequest): Promise<PublishResult> {
  const refusal = refusalOf(engine.options, request.channel, request.data) ?? refusalOfType(engine.options, request.channel);
  if (refusal !== undefined) return Promise.reject(refusal);
  return engine.publish(request).then(resultOf, refuse);
}

/** Items that are refused before the log keep their place; the others go to the engine together. */
async function broadcast(
  engine: Engine,
  channels: readonly string[],
  request: Omit<PublishRequest, "channel">,
): Promise<readonly (PublishResult | PushError)[]> {
  const outcomes: (PublishResult | PushError)[] = new Array(channels.length);
  const accepted: number[] = [];
  channels.forEach((channel, index) => {
    const refusal = refusalOf(engine.options, channel, request.data);
    if (refusal === undefined) accepted.push(index);
    else outcomes[index] = refusal;
  });
  const results = await engine.broadcast(accepted.map((index) => ({ ...request, channel: channels[index]! })));
  results.forEach((result, order) => {
    outcomes[accepted[order]!] = result instanceof EngineRefusal ? new PushError(result.code, result.message) : resultOf(result);
  });
  return outcomes;
}

function resultOf(result: AppendResult): PublishResult {
  return result.position.epoch === "" ? {} : { position: result.position };
}

function matchingChannels(
  all: ReadonlyMap<string, number>,
  pattern: string | undefined,
): ReadonlyMap<string, { readonly clients: number }> {
  const matches = pattern === undefined || pattern === "" ? () => true : compileGlob(pattern);
  if (matches === undefined) throw internalError();
  const found = new Map<string, { readonly clients: number }>();
  for (const [channel, clients] of all) if (matches(channel)) found.set(channel, { clients });
  return found;
}

function nodeInfo(engine: Engine, stats: EngineStats): NodeInfo {
  return {
    uid: engine.nodeId,
    name: engine.options.nodeName,
    version: engine.options.version,
    num_clients: stats.connections,
    num_users: stats.users,
    num_subs: stats.subscriptions,
    num_channels: stats.channels,
    uptime: stats.uptimeS,
  };
}

async function refusing<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    return refuse(cause);
  }
}

/** The one place where what the engine throws becomes the port's errors. */
function refuse(cause: unknown): never {
  if (cause instanceof PushError) throw cause;
  // Expected, whatever its code: nobody has to read of it in a log.
  if (cause instanceof EngineRefusal) throw new PushError(cause.code, cause.message);
  if (cause instanceof UnrecoverablePosition) throw unrecoverablePosition();
  throw internalError(cause);
}

/** Cut at a character, so that the reason stays UTF-8. */
function cutToBytes(text: string, bytesMax: number): string {
  let bytes = 0;
  let cut = "";
  for (const character of text.toWellFormed()) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) return cut;
    cut += character;
  }
  return cut;
}
