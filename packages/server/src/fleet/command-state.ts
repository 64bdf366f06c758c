import type { CommandState } from "@fleetcast/protocol";

/**
 * The life of a command. It only goes forward, steps may be left out (a machine may say `done` at once), and what is final
 * stays as it is:
 *
 *   queued -> sent -> received -> running -> done | failed | rejected       the machine says received and everything after it
 *   queued, sent ---------------------------> cancelled | expired           a person, the clock
 *   received, running ----------------------> expired                       no result for a day
 */
const rank: Readonly<Record<CommandState, number>> = {
  queued: 0,
  sent: 1,
  received: 2,
  running: 3,
  done: 4,
  failed: 4,
  rejected: 4,
  expired: 4,
  cancelled: 4,
};

export function isFinal(state: CommandState): boolean {
  return rank[state] === 4;
}

/** The machine itself has it. */
export function isConfirmed(state: CommandState): boolean {
  return rank[state] >= rank.received && state !== "cancelled" && state !== "expired";
}

/** Whether a command in `from` may become `to`; equal is not a step, so a repeated acknowledgement changes nothing. */
export function mayBecome(from: CommandState, to: CommandState): boolean {
  if (to === "cancelled" && rank[from] >= rank.received) return false;
  return !isFinal(from) && rank[to] > rank[from];
}
