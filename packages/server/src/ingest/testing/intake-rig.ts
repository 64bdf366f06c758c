import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "@fleetcast/engine/testing";
import { createTopicLayout, type InboundMessage } from "@fleetcast/mqtt";
import type { FleetEvent, FleetUpdate } from "@fleetcast/protocol";
import { type CommittedBatch, type Journal, openSqliteJournal } from "@fleetcast/storage";
import { createFleet, type Fleet } from "../../fleet/fleet.ts";
import type { Logger } from "../../log.ts";
import { type PublishRequest, PushError } from "../../push/push-engine.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createIngest, type Ingest, type IngestLimits } from "../ingest.ts";

export interface RigOptions {
  readonly dir?: string;
  readonly autoRegister?: boolean;
  readonly limits?: Partial<IngestLimits>;
  readonly clock?: ManualClock;
  /** Wraps the real journal, where a test needs a fault that it does not produce. */
  readonly wrap?: (journal: Journal) => Journal;
}

/**
 * Intake and fleet on a real store in a folder of its own, under a clock that stands still. What the broker and the push
 * engine would be handed is written down.
 */
export class IntakeRig {
  readonly dir: string;
  readonly clock: ManualClock;
  readonly published: CommittedBatch[number][] = [];
  readonly feed: FleetUpdate[] = [];
  readonly feedTimesMs: number[] = [];
  readonly eventFeed: { readonly events: readonly FleetEvent[]; readonly left_out?: number }[] = [];
  readonly eventFeedTimesMs: number[] = [];
  readonly sentCommands: { readonly vmId: string; readonly payload: Record<string, unknown> }[] = [];
  readonly logged: string[] = [];
  /** While set, the broker refuses commands. */
  brokerAway = false;
  /** While set, the push engine refuses publications. */
  pushAway = false;
  journal!: Journal;
  fleet!: Fleet;
  ingest!: Ingest;
  #ids = 0;
  #pending = 0;

  private constructor(options: RigOptions) {
    this.dir = options.dir ?? mkdtempSync(join(tmpdir(), "fleetcast-intake-"));
    this.clock = options.clock ?? new ManualClock();
  }

  static async open(options: RigOptions = {}): Promise<IntakeRig> {
    const rig = new IntakeRig(options);
    const real = await openSqliteJournal({ dir: rig.dir, clock: systemClock, chance: { epoch: () => "testepoch" } });
    rig.journal = options.wrap?.(real) ?? real;
    rig.journal.onCommitted((batch) => rig.published.push(...batch));
    const historyTtlMs = (): number => 86_400_000;
    const newId = (): string => `id${rig.#ids++}`;
    const log = rig.#logger();
    rig.fleet = createFleet({
      journal: rig.journal,
      clock: rig.clock,
      log,
      newId,
      historyTtlMs,
      push: {
        publish: async (request) => rig.#takeFeed(request),
        history: async () => {
          if (rig.pushAway) throw new PushError(100, "the push engine is away");
          return { publications: [], top: { offset: rig.feed.length, epoch: "feed" } };
        },
      },
      sendCommand: async (vmId, payload) => {
        if (rig.brokerAway) throw new Error("the broker is away");
        rig.sentCommands.push({ vmId, payload: JSON.parse(new TextDecoder().decode(payload)) });
      },
    });
    await rig.fleet.service.start();
    rig.ingest = createIngest({
      journal: rig.journal,
      topics: createTopicLayout(),
      fleetState: rig.fleet.state,
      commands: rig.fleet.commands,
      log,
      newId,
      historyTtlMs,
      autoRegister: options.autoRegister ?? true,
      limits: options.limits,
    });
    return rig;
  }

  #logger(): Logger {
    const write = (_fields: Readonly<Record<string, unknown>>, message: string): void => {
      this.logged.push(message);
    };
    return { debug: write, info: write, warn: write, error: write };
  }

  #takeFeed(request: PublishRequest): Record<string, never> {
    if (this.pushAway) throw new PushError(100, "the push engine is away");
    const said: unknown = JSON.parse(new TextDecoder().decode(request.data));
    if (request.channel === "feed:all") {
      this.eventFeed.push(said as IntakeRig["eventFeed"][number]);
      this.eventFeedTimesMs.push(this.clock.monotonicMs());
      return {};
    }
    assert.equal(request.channel, "fleet:all");
    this.feed.push(said as FleetUpdate);
    this.feedTimesMs.push(this.clock.monotonicMs());
    return {};
  }

  /** Hands one message over, as the embedded broker would for that machine; resolves when it may be acknowledged. */
  say(
    vmId: string,
    kind: "telemetry" | "events" | "status" | "cmd/ack",
    payload: unknown,
    more: Partial<InboundMessage> = {},
  ): Promise<void> {
    return this.deliver({ topic: `vm/${vmId}/${kind}`, payload: bytesOf(payload), vmId, ...more });
  }

  /** As an external broker would: the topic names the machine. */
  sayExternally(
    vmId: string,
    kind: "telemetry" | "events" | "status" | "cmd/ack",
    payload: unknown,
    more: Partial<InboundMessage> = {},
  ): Promise<void> {
    return this.say(vmId, kind, payload, { vmId: undefined, ...more });
  }

  deliver(message: Partial<InboundMessage> & { topic: string; payload: Uint8Array }): Promise<void> {
    this.#pending++;
    return new Promise((resolve, reject) => {
      this.ingest.message({ qos: 1, retain: false, dup: false, vmId: undefined, will: false, ...message }, (error) => {
        this.#pending--;
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** Lets time pass and everything that it causes reach the store. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.stored();
    await this.clock.settle();
  }

  /** Everything appended so far is committed. */
  async stored(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.journal.append({ atMs: this.fleet.state.receiveClock.nowMs(), records: [], publications: [] }, () => resolve());
    });
  }

  on(
    channel: string,
  ): { readonly text: string; readonly json: Record<string, unknown>; readonly tags: Readonly<Record<string, string>> }[] {
    return this.published
      .filter((row) => row.channel === channel)
      .map((row) => {
        const text = new TextDecoder().decode(row.data);
        return { text, json: JSON.parse(text), tags: row.tags ?? {} };
      });
  }

  /** Types of a machine's events, oldest first: what subscribers were told. */
  eventTypes(vmId: string): string[] {
    return this.on(`events:${vmId}`).map(({ json }) => String(json["type"]));
  }

  async deadLetters(): Promise<{ readonly reason: string; readonly vmId: string | null; readonly text: string }[]> {
    const rows = await this.journal.fleet.deadLetters(1_000);
    return rows.map((row) => ({ reason: row.reason, vmId: row.vmId, text: new TextDecoder().decode(row.payload) }));
  }

  get unacknowledged(): number {
    return this.#pending;
  }

  async close(): Promise<void> {
    await this.fleet.service.stop();
    await this.journal.close();
  }

  /** Another process on the same folder, with timers of its own: what was only in memory is gone. */
  async restart(options: Omit<RigOptions, "dir"> = {}): Promise<IntakeRig> {
    await this.journal.close();
    return IntakeRig.open({ ...options, dir: this.dir, clock: options.clock ?? new ManualClock(this.clock.wallMs()) });
  }

  async remove(): Promise<void> {
    await this.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function bytesOf(payload: unknown): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  return new TextEncoder().encode(typeof payload === "string" ? payload : JSON.stringify(payload));
}

/** Opens a rig, runs the test on it, removes it. */
export async function withRig(options: RigOptions, run: (rig: IntakeRig) => Promise<void>): Promise<void> {
  const rig = await IntakeRig.open(options);
  try {
    await run(rig);
  } finally {
    await rig.remove();
  }
}
