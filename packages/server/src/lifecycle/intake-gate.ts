import type { Clock } from "@fleetcast/engine";
import type { Broker, IntakeHandler } from "@fleetcast/mqtt";
import type { Journal } from "@fleetcast/storage";
import type { Logger } from "../log.ts";

/**
 * Back-pressure, not loss (I7): above one of these the sockets of the devices are no longer read, below half of both they
 * are again. At 10,000 messages a second the first is two seconds of work for the store.
 */
export const backlogEntriesMax = 20_000;
export const backlogBytesMax = 32 * 1_048_576;
/** How often a paused intake looks again. */
const lookAgainMs = 5;

export interface IntakeGate {
  /** The handler with the gate in front of it. */
  readonly handler: IntakeHandler;
  /** The broker that is paused; named once it exists. */
  guard(broker: Pick<Broker, "pause">): void;
  /** Devices are not read: the store is behind. */
  readonly paused: boolean;
  stop(): void;
}

export function createIntakeGate(ports: {
  readonly handler: IntakeHandler;
  readonly journal: Pick<Journal, "backlog">;
  readonly clock: Pick<Clock, "schedule" | "monotonicMs">;
  readonly log: Logger;
}): IntakeGate {
  const { handler, journal, clock, log } = ports;
  let broker: Pick<Broker, "pause"> | undefined;
  let pausedSinceMs: number | undefined;
  let cancel = (): void => {};

  function look(): void {
    const { entries, bytes } = journal.backlog;
    if (entries > backlogEntriesMax / 2 || bytes > backlogBytesMax / 2) {
      cancel = clock.schedule(lookAgainMs, look);
      return;
    }
    log.info({ paused_ms: Math.round(clock.monotonicMs() - (pausedSinceMs ?? 0)) }, "the store caught up: devices are read again");
    pausedSinceMs = undefined;
    broker?.pause(false);
  }

  return {
    handler: {
      ...(handler.authenticate === undefined ? {} : { authenticate: (attempt) => handler.authenticate!(attempt) }),
      ...(handler.connection === undefined ? {} : { connection: (change) => handler.connection!(change) }),
      message(message, done) {
        handler.message(message, done);
        if (pausedSinceMs !== undefined || broker === undefined) return;
        const { entries, bytes } = journal.backlog;
        if (entries <= backlogEntriesMax && bytes <= backlogBytesMax) return;
        pausedSinceMs = clock.monotonicMs();
        log.warn({ entries, bytes }, "the store is behind: devices are not read until it caught up");
        broker.pause(true);
        cancel = clock.schedule(lookAgainMs, look);
      },
    },
    guard(guarded) {
      broker = guarded;
    },
    get paused() {
      return pausedSinceMs !== undefined;
    },
    stop() {
      cancel();
    },
  };
}
