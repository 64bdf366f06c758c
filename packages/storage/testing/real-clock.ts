import type { Clock } from "@fleetcast/engine";

/** Time as it is, for tests of what only real time brings: locks, disks, kills. */
export const realClock: Pick<Clock, "wallMs" | "monotonicMs" | "schedule"> = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
