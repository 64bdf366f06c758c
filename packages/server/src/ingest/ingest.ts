import type { InboundMessage, IntakeHandler } from "@fleetcast/mqtt";
import type { Journal, JournalOutcome } from "@fleetcast/storage";
import type { Tracer } from "../administration/tracer.ts";
import type { CommandBook } from "../fleet/command-book.ts";
import type { HistoryTtl } from "../fleet/effects.ts";
import type { FleetState } from "../fleet/fleet-state.ts";
import type { Machine } from "../fleet/machine.ts";
import type { Logger } from "../log.ts";
import { IngestCounters, type IngestStats } from "./ingest-stats.ts";
import { createJudge, type DeviceKind } from "./judge.ts";
import { entriesOf, type Judgement } from "./judgement.ts";
import { defaultPayloadLimits, type PayloadLimits } from "./payload-reader.ts";
import { type Refusal, reasonText, refusal } from "./refusal.ts";

export interface IngestDependencies {
  readonly journal: Pick<Journal, "append" | "appendAll">;
  /** The topic layout of the mqtt package. */
  readonly topics: { parse(topic: string): { readonly vmId: string; readonly kind: string } | undefined };
  readonly fleetState: FleetState;
  readonly commands: Pick<CommandBook, "judgeAck">;
  readonly log: Logger;
  readonly newId: () => string;
  readonly historyTtlMs: HistoryTtl;
  readonly autoRegister: boolean;
  readonly limits?: Partial<IngestLimits> | undefined;
  /** Absent, or not active: nobody looks. */
  readonly trace?: Pick<Tracer, "active" | "step"> | undefined;
}

export interface IngestLimits extends PayloadLimits {
  /** Messages a second and machine above which they are counted (`overRate`). Nothing is dropped: slowing down is the broker's. */
  readonly ratePerSecondMax: number;
  /** Most that is kept of a refused payload. */
  readonly deadLetterBytesMax: number;
}

export const defaultIngestLimits: IngestLimits = { ...defaultPayloadLimits, ratePerSecondMax: 100, deadLetterBytesMax: 65_536 };

export interface Ingest {
  readonly message: IntakeHandler["message"];
  readonly connection: NonNullable<IntakeHandler["connection"]>;
  stats(): IngestStats;
}

const topicLengthMax = 512;

/**
 * One message of a machine, from topic to journal. `done` is called after the commit, in the order of arrival; bad input is
 * acknowledged too, once its dead letter is stored (I3). `done(error)` only where our own store is closed.
 */
export function createIngest(dependencies: IngestDependencies): Ingest {
  const { fleetState, journal, log, topics, trace } = dependencies;
  const limits: IngestLimits = { ...defaultIngestLimits, ...dependencies.limits };
  const counters = new IngestCounters();
  const clock = fleetState.receiveClock;
  const judge = createJudge({ ...dependencies, fleet: fleetState, counters, limits });

  function judgement(message: InboundMessage, atMs: number): Judgement {
    const place = topics.parse(message.topic);
    if (place === undefined || !isDeviceKind(place.kind)) {
      counters.received.other++;
      return { kind: "refused", vmId: message.vmId ?? null, refusal: refusal("unknown_topic", "not a topic that machines write") };
    }
    counters.received[place.kind]++;
    const { vmId } = place;
    if (message.vmId !== undefined && message.vmId !== vmId) {
      return { kind: "refused", vmId: message.vmId, refusal: refusal("foreign_topic", "the topic of another machine") };
    }
    const replayed = message.retain && message.vmId === undefined;
    return judge(place.kind, { message, vmId, atMs, replayed });
  }

  function judgeSafely(message: InboundMessage, atMs: number): Judgement | undefined {
    try {
      return judgement(message, atMs);
    } catch (cause) {
      // Our own mistake. The message is kept like one that cannot be read: sent again it would only fail again, for ever.
      log.error(
        { topic: message.topic, cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) },
        "judging a message failed",
      );
      return undefined;
    }
  }

  function storeDeadLetter(message: InboundMessage, atMs: number, vmId: string | null, why: Refusal | undefined, done: () => void): void {
    const reason = why === undefined ? "internal: the message could not be judged" : reasonText(why);
    const topic = message.topic.slice(0, topicLengthMax);
    const payload = message.payload.subarray(0, limits.deadLetterBytesMax);
    countDeadLetter(why?.code ?? "internal", reason, topic);
    journal.append({ atMs, records: [{ kind: "deadLetter", topic, vmId, reason, payload }], publications: [] }, done);
  }

  function countDeadLetter(code: Parameters<IngestCounters["deadLetter"]>[0], reason: string, topic: string): void {
    const count = counters.deadLetter(code);
    // The first and every tenfold: one machine that sends nonsense for ever must not fill the log.
    if (Number.isInteger(Math.log10(count))) log.warn({ topic, reason, count }, "dead letter");
  }

  function store(message: InboundMessage, atMs: number, judged: Exclude<Judgement, { kind: "refused" }>, done: () => void): void {
    const entries = entriesOf(atMs, message.topic, message.payload, judged);
    const finish = (outcome: JournalOutcome): void => {
      if (judged.machine !== undefined) fleetState.heard(judged.machine, atMs);
      if (judged.state !== undefined && (entries.length === 2 || outcome.verdict === "stored")) {
        fleetState.storedTransition(judged.state.machine, judged.state.transition, judged.state.effects);
      }
      if (trace?.active === true) {
        trace.step("outcome", { machine: judged.machine?.vmId ?? message.vmId }, { verdict: outcome.verdict, gap: outcome.gap });
      }
      if (judged.kind === "ignored") counters.ignored++;
      else settle(judged, outcome, message.topic);
      done();
    };
    if (entries.length === 1) journal.append(entries[0], finish);
    else journal.appendAll(entries, (outcomes) => finish(outcomes[1]!));
  }

  function settle(judged: Extract<Judgement, { kind: "accepted" }>, outcome: JournalOutcome, topic: string): void {
    counters.missing += outcome.gap;
    if (outcome.verdict === "stored") {
      counters.stored++;
      judged.stored?.();
      return;
    }
    judged.undo?.();
    if (outcome.verdict === "duplicate") counters.duplicates++;
    else if (outcome.verdict === "conflict") {
      counters.conflicts++;
      log.warn({ vm_id: judged.machine.vmId, topic }, "one identity with two bodies: the first is kept, the second is a dead letter");
    } else countDeadLetter("store", outcome.reason ?? "refused by the store", topic);
  }

  function traceJudgement(message: InboundMessage, judged: Judgement | undefined): void {
    const machine = message.vmId ?? topics.parse(message.topic)?.vmId;
    const why = judged?.kind === "refused" ? { reason: reasonText(judged.refusal) } : {};
    trace?.step("judged", { machine }, { verdict: judged?.kind ?? "failed", ...why });
  }

  function countRate(machine: Machine, atMs: number): void {
    const second = Math.floor(atMs / 1_000);
    if (machine.rateSecond !== second) {
      machine.rateSecond = second;
      machine.rateCount = 0;
    }
    if (++machine.rateCount > limits.ratePerSecondMax) counters.overRate++;
  }

  return {
    message(message, done) {
      const atMs = clock.take();
      const acknowledge = (): void => {
        clock.settle(atMs);
        done();
      };
      const judged = judgeSafely(message, atMs);
      if (trace?.active === true) traceJudgement(message, judged);
      try {
        if (judged === undefined) storeDeadLetter(message, atMs, message.vmId ?? null, undefined, acknowledge);
        else if (judged.kind === "refused") storeDeadLetter(message, atMs, judged.vmId, judged.refusal, acknowledge);
        else {
          if (judged.machine !== undefined) countRate(judged.machine, atMs);
          store(message, atMs, judged, acknowledge);
        }
      } catch (cause) {
        clock.settle(atMs);
        done(cause instanceof Error ? cause : new Error(String(cause)));
      }
    },
    connection: (change) => fleetState.connection(change),
    stats: () => counters.snapshot(),
  };
}

function isDeviceKind(kind: string): kind is DeviceKind {
  return kind === "telemetry" || kind === "events" || kind === "status" || kind === "ack";
}
