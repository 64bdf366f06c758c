import type { Clock } from "@fleetcast/engine";
import type { CommandState, FleetSnapshot, Machine as MachineView, StreamPosition } from "@fleetcast/protocol";
import type { Journal } from "@fleetcast/storage";
import type { Logger } from "../log.ts";
import { type PushEngine, PushError } from "../push/push-engine.ts";
import { CommandBook } from "./command-book.ts";
import { CommandDesk } from "./command-desk.ts";
import type { HistoryTtl } from "./effects.ts";
import { EventFeed } from "./event-feed.ts";
import { eventPage, eventView } from "./event-views.ts";
import { FleetFeed, feedChannel } from "./fleet-feed.ts";
import { FleetRefusal } from "./fleet-refusal.ts";
import type { FleetService } from "./fleet-service.ts";
import { FleetState } from "./fleet-state.ts";
import { fleetRow } from "./machine.ts";
import { commandView } from "./open-command.ts";
import { reportIntervalMs } from "./report-interval.ts";
import { readSeries } from "./series.ts";

export interface FleetDependencies {
  readonly journal: Journal;
  readonly push: Pick<PushEngine, "publish" | "history">;
  /** To the machine's command topic, QoS 1; rejects while the broker cannot take it. */
  readonly sendCommand: (vmId: string, payload: Uint8Array) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A new random id, URL-safe. */
  readonly newId: () => string;
  readonly historyTtlMs: HistoryTtl;
  /** Told of each step of a command. */
  readonly commandReached?: ((cmdId: string, name: string, state: CommandState) => void) | undefined;
}

export interface Fleet {
  readonly service: FleetService;
  /** What ingest judges against. */
  readonly state: FleetState;
  readonly commands: CommandBook;
}

const sweepIntervalMs = 1_000;
const machineEvents = 50;
export const eventsLimitMax = 200;
export const seriesPointsMax = 2_000;

export function createFleet(dependencies: FleetDependencies): Fleet {
  const { clock, historyTtlMs, journal, log, newId, push, sendCommand } = dependencies;
  const state = new FleetState({ journal, clock, log, newId, historyTtlMs });
  const nowMs = (): number => state.receiveClock.nowMs();
  const book = new CommandBook({ journal, clock, log, nowMs, historyTtlMs, send: sendCommand, reached: dependencies.commandReached });
  const knows = (vmId: string): boolean => state.find(vmId) !== undefined;
  const desk = new CommandDesk({ journal, book, clock, nowMs, newId, historyTtlMs, knows });
  const feed = new FleetFeed({ push, clock, log, totals: () => state.totals(), nowMs });
  const eventFeed = new EventFeed({ push, clock, log });
  state.listen({
    rowChanged: (machine, urgent) => feed.rowChanged(machine, urgent),
    totalsChanged: () => feed.totalsChanged(),
    eventStored: (event) => eventFeed.stored(event),
    cameOnline: (machine) => book.sendAgain(machine.vmId),
  });

  let cancelSweep = (): void => {};
  const sweep = (): void => {
    state.sweep();
    book.sweep();
    cancelSweep = clock.schedule(sweepIntervalMs, sweep);
  };

  const service: FleetService = {
    async start() {
      await state.load();
      await book.load();
      cancelSweep = clock.schedule(sweepIntervalMs, sweep);
    },

    async stop() {
      cancelSweep();
      await Promise.all([feed.stop(), eventFeed.stop()]);
      state.flush();
    },

    async snapshot(scope): Promise<FleetSnapshot> {
      if (scope !== "all") throw new FleetRefusal(404, "no_such_scope", "the only scope is all", "scope");
      // The position first: a row that changes in between is then in the feed after it, and its `rev` says so.
      const { offset, epoch } = await feedPosition(push);
      const rows = [...state.machines()].map(fleetRow);
      return { channel: feedChannel, position: { offset, epoch }, at_ms: nowMs(), totals: state.totals(), rows };
    },

    async machine(vmId): Promise<MachineView | undefined> {
      if (!knows(vmId)) return undefined;
      const events = await journal.fleet.events({ vmId, limit: machineEvents });
      const machine = state.find(vmId)!;
      return {
        ...fleetRow(machine),
        site: machine.site,
        report_interval_ms: reportIntervalMs(machine.interval),
        first_seen_ms: machine.firstSeenMs,
        events: events.map(eventView),
      };
    },

    knows,

    async series(vmId, { fromMs, toMs, fields, maxPoints }) {
      if (!knows(vmId)) throw new FleetRefusal(404, "no_such_machine", "no machine of this name");
      return readSeries(journal.fleet, vmId, {
        fromMs,
        toMs,
        // Fixed before the read: everything received up to it is committed, so the read finds it.
        storedThroughMs: state.receiveClock.completeThroughMs(),
        fields,
        pointsMax: Math.min(Math.max(1, maxPoints), seriesPointsMax),
      });
    },

    events: (filter) => eventPage(journal.fleet, { ...filter, limit: Math.min(Math.max(1, filter.limit), eventsLimitMax) }),

    command: (userId, request) => desk.command(userId, request),
    cancelCommand: (userId, cmdId) => desk.cancel(userId, cmdId),
    async commands(filter) {
      return { commands: (await journal.fleet.commands(filter)).map(commandView) };
    },
    async commandById(cmdId) {
      const row = await journal.fleet.command(cmdId);
      return row === undefined ? undefined : commandView(row);
    },
  };
  return { service, state, commands: book };
}

/** A snapshot without a position could not be joined with the feed: it is refused while the push engine is away. */
async function feedPosition(push: Pick<PushEngine, "history">): Promise<StreamPosition> {
  try {
    return (await push.history({ channel: feedChannel, limit: 0 })).top;
  } catch (cause) {
    if (cause instanceof PushError) throw new FleetRefusal(503, "push_unavailable", "the push engine does not answer; try again");
    throw cause;
  }
}
