import type { Clock } from "@fleetcast/engine";

/**
 * The real clock. `soon` is setImmediate: measured on Bun 1.4.5, the messages of all sockets that are readable in one turn
 * of the loop are handled before the first immediate runs, while a microtask runs after each single message. Outboxes that
 * flush in `soon` therefore write once a turn, whatever arrived in it.
 */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, delayMsMax));
    return () => clearTimeout(timer);
  },
  soon(task) {
    setImmediate(task);
  },
};

/** What a timer can hold, about 24.8 days; a longer delay would fire at once. */
const delayMsMax = 2_147_483_647;
