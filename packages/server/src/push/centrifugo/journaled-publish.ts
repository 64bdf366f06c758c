import type { Clock, EngineOptions } from "@fleetcast/engine";
import type { Journal, JournalEntry, JournalOutcome } from "@fleetcast/storage";
import { internalError, refusalOf, requireOptions } from "../channel-rules.ts";
import { type PublishRequest, type PublishResult, PushError } from "../push-engine.ts";
import type { Publisher, Settlement } from "./publisher.ts";
import type { SettledRows } from "./settled-rows.ts";

export interface JournaledPublishPorts {
  readonly journal: Pick<Journal, "append" | "appendAll">;
  readonly options: EngineOptions;
  readonly clock: Clock;
  readonly publisher: Publisher;
  readonly settled: SettledRows;
  readonly answerTimeoutMs: number;
}

type Publication = Omit<PublishRequest, "channel">;
type StoredPosition = JournalOutcome["positions"][number];

/**
 * Publishes that take the journal's road (L7, N5): stored first, pushed in their channel's order, answered with Centrifugo's
 * position, or as queued when the push takes longer than an answer may.
 */
export interface JournaledPublish {
  /** @throws PushError 102, 107; 100 when the store refuses */
  one(channel: string, publication: Publication): Promise<PublishResult>;
  /** One transaction; one outcome per channel in order. */
  many(channels: readonly string[], publication: Publication): Promise<readonly (PublishResult | PushError)[]>;
}

export function createJournaledPublish(ports: JournaledPublishPorts): JournaledPublish {
  return {
    async one(channel, publication) {
      const entry = entryOf(ports, channel, publication);
      const outcome = await new Promise<JournalOutcome>((resolve) => ports.journal.append(entry, resolve));
      return answer(ports, channel, outcome);
    },
    async many(channels, publication) {
      const entries = channels.map((channel) => entryOf(ports, channel, publication));
      const outcomes = await new Promise<readonly JournalOutcome[]>((resolve) => ports.journal.appendAll(entries, resolve));
      return Promise.all(outcomes.map((outcome, index) => answer(ports, channels[index]!, outcome).catch(asPushError)));
    },
  };
}

function entryOf(ports: JournaledPublishPorts, channel: string, publication: Publication): JournalEntry {
  const refusal = refusalOf(ports.options, channel, publication.data);
  if (refusal !== undefined) throw refusal;
  const options = requireOptions(ports.options, channel);
  const { data, tags, idempotencyKey, version, versionEpoch, delta } = publication;
  return {
    atMs: ports.clock.wallMs(),
    records: [],
    publications: [{ channel, data, tags, idempotencyKey, version, versionEpoch, delta, historyTtlMs: options.historyTtlMs }],
  };
}

async function answer(ports: JournaledPublishPorts, channel: string, outcome: JournalOutcome): Promise<PublishResult> {
  const stored = outcome.positions[0];
  if (outcome.verdict !== "stored" || stored === undefined) throw internalError(new Error(outcome.reason ?? outcome.verdict));
  const settlement = await settlementOf(ports, channel, stored);
  if (settlement === undefined) return isForgotten(ports, channel, stored) ? {} : { queued: true };
  switch (settlement.kind) {
    case "pushed":
      return settlement.position.epoch === "" ? {} : { position: settlement.position };
    case "refused":
      throw new PushError(settlement.code, settlement.message);
    case "skipped":
      return {};
  }
}

/** A repeat is answered like the first one: the journal names the row that it repeats. */
function settlementOf(ports: JournaledPublishPorts, channel: string, stored: StoredPosition): Promise<Settlement | undefined> {
  if (!ports.publisher.isWaiting(channel, stored.id)) return Promise.resolve(ports.settled.recent(stored.id));
  return ports.settled.wait(stored.id, ports.answerTimeoutMs);
}

/** Pushed so long ago that its position is no longer known here. */
function isForgotten(ports: JournaledPublishPorts, channel: string, stored: StoredPosition): boolean {
  return !ports.publisher.isWaiting(channel, stored.id);
}

function asPushError(cause: unknown): PushError {
  return cause instanceof PushError ? cause : internalError(cause);
}
