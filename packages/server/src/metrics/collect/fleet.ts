import type { Fleet } from "../../fleet/fleet.ts";
import type { Exposition } from "../exposition.ts";
import { fleetcastFamilies as ours } from "../table/fleetcast.ts";

/** Machines, alarms and commands as they stand. */
export function collectFleet(out: Exposition, { state, commands }: Pick<Fleet, "state" | "commands">): void {
  const machines = { online: 0, offline: 0, unknown: 0 };
  const alarms = { warning: 0, critical: 0 };
  for (const machine of state.machines()) {
    machines[machine.shown.state]++;
    for (const { severity } of machine.alarms.values()) alarms[severity]++;
  }
  for (const [name, count] of Object.entries(machines)) out.put(ours.machines, count, name);
  for (const [severity, count] of Object.entries(alarms)) out.put(ours.alarms, count, severity);
  out.put(ours.commandsOpen, commands.size);
  for (const [step, count] of commands.steps) out.put(ours.commands, count, step);
}
