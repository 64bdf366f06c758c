import type { Chance, Clock, EngineOptions } from "@fleetcast/engine";
import type { Journal, JournalRow } from "@fleetcast/storage";
import type { PushConfig } from "../../config/config.ts";
import type { Logger } from "../../log.ts";
import type { OutgoingFetch } from "../../outgoing/outgoing-fetch.ts";
import { internalError, namespaceOf, optionsOf, refusalOf } from "../channel-rules.ts";
import { type PublishRequest, type PublishResult, type PushEngine, PushError } from "../push-engine.ts";
import { createBatchSender } from "./batch-sender.ts";
import { createCentrifugoCall } from "./centrifugo-api.ts";
import { type ForwardedApi, forwardedApi } from "./forward.ts";
import { createJournaledPublish, type JournaledPublish } from "./journaled-publish.ts";
import { Publisher, type PublisherStats } from "./publisher.ts";
import { type LatestRule, type PublisherLimits, publisherLimits } from "./publisher-limits.ts";
import { SettledRows } from "./settled-rows.ts";

/** What `createCentrifugoPush` is handed. */
export interface CentrifugoPushPorts {
  readonly config: PushConfig["centrifugo"];
  readonly journal: Pick<Journal, "append" | "appendAll" | "remove" | "readFrom" | "loadCursors" | "saveCursors">;
  readonly options: EngineOptions;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "random">;
  readonly log: Logger;
  readonly fetch: OutgoingFetch;
  readonly limits?: PublisherLimits | undefined;
  /** Told of each publication that Centrifugo took. */
  readonly onPushed?: ((channel: string, offset: number) => void) | undefined;
}

export interface CentrifugoPush extends PushEngine {
  readonly stats: PublisherStats;
}

/** N4: only what the next reading makes worthless shrinks to its newest. */
const latestNamespace = "telemetry";
const latestAgeMsMax = 300_000;
/** Answers of single calls; a full history of large payloads is the longest. */
const readAnswerBytesMax = 33_554_432;

/** A real Centrifugo v6 behind the port that everything above sees (design section 8). */
export function createCentrifugoPush(ports: CentrifugoPushPorts): CentrifugoPush {
  const { config, journal, options, clock, chance, log, fetch } = ports;
  const limits = ports.limits ?? publisherLimits;
  const url = config.url.replace(/\/+$/, "");
  const settled = new SettledRows(clock);
  const publisher = new Publisher({
    name: "centrifugo",
    journal,
    clock,
    chance,
    log,
    limits,
    send: createBatchSender({
      url,
      apiKey: config.apiKey,
      fetch,
      timeoutMs: limits.requestTimeoutMs,
      answerBytesMax: limits.answerBytesMax,
    }),
    latestRule: (channel) => latestRule(options, channel),
    historyTtlMs: (channel) => optionsOf(options, channel)?.historyTtlMs ?? 0,
    onSettled: (row, settlement) => {
      settled.settled(row, settlement);
      if (settlement.kind === "pushed") ports.onPushed?.(row.channel, row.offset);
    },
  });
  const timeoutMs = config.answerTimeoutMs;
  const call = createCentrifugoCall({ url, apiKey: config.apiKey, fetch, log, timeoutMs, answerBytesMax: readAnswerBytesMax });
  const forwarded = forwardedApi(call);
  const journaled = createJournaledPublish({ journal, options, clock, publisher, settled, answerTimeoutMs: timeoutMs });
  return {
    kind: "centrifugo",
    get healthy() {
      return publisher.healthy;
    },
    get lag() {
      return publisher.lag;
    },
    get stats() {
      return publisher.stats;
    },
    get settled() {
      return publisher.stats;
    },
    start: () => publisher.start(),
    offer(batch) {
      if (batch.every(isStored)) return publisher.offer(batch);
      publisher.offer(batch.filter(isStored));
      for (const row of batch) if (!isStored(row)) pushOnce(forwarded, row, log);
    },
    publish: (request) => publish(options, forwarded, journaled, request),
    broadcast: (channels, request) => broadcast(options, forwarded, journaled, channels, request),
    presence: forwarded.presence,
    presenceStats: forwarded.presenceStats,
    async history(request) {
      const limit = request.limit ?? optionsOf(options, request.channel)?.historyDefaultLimit ?? 0;
      const wantsNewest = request.limit === undefined && request.since === undefined && request.reverse !== true && limit > 0;
      if (!wantsNewest) return forwarded.history({ ...request, limit });
      const newest = await forwarded.history({ ...request, limit, reverse: true });
      return { ...newest, publications: newest.publications.toReversed() };
    },
    async historyRemove(channel) {
      await forwarded.historyRemove(channel);
      if (optionsOf(options, channel)?.journal === true) await journal.remove(channel);
    },
    maps: forwarded.maps,
    sharedPollPublish: forwarded.sharedPollPublish,
    subscribe: forwarded.subscribe,
    unsubscribe: forwarded.unsubscribe,
    refresh: forwarded.refresh,
    disconnect: forwarded.disconnect,
    channels: forwarded.channels,
    info: forwarded.info,
    stop: (limitMs) => publisher.stop(limitMs),
  };
}

function latestRule(options: EngineOptions, channel: string): LatestRule | undefined {
  if (namespaceOf(options, channel) !== latestNamespace) return undefined;
  const found = optionsOf(options, channel);
  return found && { rowsMax: Math.max(found.historySize, found.recoverySize, 1), ageMsMax: latestAgeMsMax };
}

function isStored(row: JournalRow): boolean {
  return row.id > 0;
}

/** A publication that the journal did not store has one chance, like the delivery it stands for. */
function pushOnce(forwarded: ForwardedApi, row: JournalRow, log: Logger): void {
  const { channel, data, tags } = row;
  forwarded.publish({ channel, data, tags, skipHistory: true }).catch((cause: unknown) => {
    log.warn({ channel, cause }, "a publication without history was not pushed");
  });
}

/** Without history a publication has no position and no version: it cannot be journaled, whatever its namespace. */
function takesJournal(options: EngineOptions, channel: string, request: Omit<PublishRequest, "channel">): boolean {
  return optionsOf(options, channel)?.journal === true && request.skipHistory !== true;
}

async function publish(
  options: EngineOptions,
  forwarded: ForwardedApi,
  journaled: JournaledPublish,
  request: PublishRequest,
): Promise<PublishResult> {
  const { channel, ...publication } = request;
  if (takesJournal(options, channel, publication)) return journaled.one(channel, publication);
  return forwarded.publish(request);
}

/** Every channel keeps its place: refused ones at once, journaled ones in one transaction, the others in one request. */
async function broadcast(
  options: EngineOptions,
  forwarded: ForwardedApi,
  journaled: JournaledPublish,
  channels: readonly string[],
  publication: Omit<PublishRequest, "channel">,
): Promise<readonly (PublishResult | PushError)[]> {
  const outcomes: (PublishResult | PushError)[] = new Array(channels.length);
  const toJournal: number[] = [];
  const toForward: number[] = [];
  channels.forEach((channel, index) => {
    const refusal = refusalOf(options, channel, publication.data);
    if (refusal !== undefined) outcomes[index] = refusal;
    else (takesJournal(options, channel, publication) ? toJournal : toForward).push(index);
  });
  const groups: readonly (readonly [readonly number[], (group: readonly string[]) => Promise<readonly (PublishResult | PushError)[]>])[] = [
    [toJournal, (group) => journaled.many(group, publication)],
    [toForward, (group) => forwarded.broadcast(group, publication)],
  ];
  await Promise.all(
    groups.map(async ([places, send]) => {
      if (places.length === 0) return;
      const results = await send(places.map((place) => channels[place]!)).catch(sameFor(places.length));
      places.forEach((place, order) => {
        outcomes[place] = results[order]!;
      });
    }),
  );
  return outcomes;
}

function sameFor(count: number): (cause: unknown) => readonly PushError[] {
  return (cause) => new Array<PushError>(count).fill(cause instanceof PushError ? cause : internalError(cause));
}
