import type { Clock } from "@fleetcast/engine";
import type { FleetTotals, FleetUpdate } from "@fleetcast/protocol";
import type { Logger } from "../log.ts";
import type { PushEngine } from "../push/push-engine.ts";
import { jsonBytes } from "./effects.ts";
import { fleetRow, type Machine } from "./machine.ts";
import { Paced } from "./paced.ts";

export const feedChannel = "fleet:all";
/** At most two publications a second, however many rows change. */
export const feedIntervalMs = 500;
/** Rows in one publication; the others follow with the next ones, states and alarms first. About 100 KiB. */
export const feedRowsMax = 500;

export interface FleetFeedDependencies {
  readonly push: Pick<PushEngine, "publish">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly totals: () => FleetTotals;
  readonly nowMs: () => number;
}

/**
 * The channel `fleet:all`: rows changed since the publication before, newest values only. One publication is under way at
 * a time; when the push engine refuses one, its rows are put back and go with the next.
 */
export class FleetFeed {
  readonly #dependencies: FleetFeedDependencies;
  readonly #urgent = new Set<Machine>();
  readonly #values = new Set<Machine>();
  readonly #paced: Paced;
  #totalsChanged = false;
  #failing = false;

  constructor(dependencies: FleetFeedDependencies) {
    this.#dependencies = dependencies;
    const more = (): boolean => this.#urgent.size > 0 || this.#values.size > 0 || this.#totalsChanged;
    this.#paced = new Paced({ clock: dependencies.clock, intervalMs: feedIntervalMs, run: () => this.#publish(), more });
  }

  rowChanged(machine: Machine, urgent: boolean): void {
    if (urgent) {
      this.#values.delete(machine);
      this.#urgent.add(machine);
    } else if (!this.#urgent.has(machine)) {
      this.#values.add(machine);
    }
    this.#paced.arm();
  }

  totalsChanged(): void {
    this.#totalsChanged = true;
    this.#paced.arm();
  }

  /** Ends the feed; resolves when nothing is under way. What was not published yet is in every snapshot. */
  async stop(): Promise<void> {
    await this.#paced.stop();
  }

  async #publish(): Promise<void> {
    const { log, nowMs, push, totals } = this.#dependencies;
    const urgent = take(this.#urgent, feedRowsMax);
    const values = take(this.#values, feedRowsMax - urgent.length);
    this.#totalsChanged = false;
    const update: FleetUpdate = { at_ms: nowMs(), totals: totals(), rows: [...urgent, ...values].map(fleetRow), removed: [] };
    try {
      await push.publish({ channel: feedChannel, data: jsonBytes(update) });
      if (this.#failing) log.info({ channel: feedChannel }, "the fleet feed is published again");
      this.#failing = false;
    } catch (cause) {
      for (const machine of urgent) this.#urgent.add(machine);
      for (const machine of values) if (!this.#urgent.has(machine)) this.#values.add(machine);
      if (!this.#failing) log.warn({ channel: feedChannel, cause: String(cause) }, "the fleet feed cannot be published; rows wait");
      this.#failing = true;
    }
  }
}

function take(from: Set<Machine>, countMax: number): Machine[] {
  const taken: Machine[] = [];
  for (const machine of from) {
    if (taken.length >= countMax) break;
    taken.push(machine);
    from.delete(machine);
  }
  return taken;
}
