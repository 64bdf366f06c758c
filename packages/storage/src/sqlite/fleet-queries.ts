import type { FleetQueries } from "../journal.ts";

type Ask = <Value>(query: keyof FleetQueries, values: readonly unknown[]) => Promise<Value>;

/** `FleetQueries`, each question handed to the reader's thread by its name. */
export function fleetQueries(ask: Ask): FleetQueries {
  return {
    machines: () => ask("machines", []),
    machine: (vmId) => ask("machine", [vmId]),
    series: (vmId, fromMs, toMs, bucketMs, receivedThroughMs) =>
      ask("series", [vmId, fromMs, toMs, bucketMs, receivedThroughMs ?? Number.MAX_SAFE_INTEGER]),
    events: (filter) => ask("events", [filter]),
    countEvents: (type, fromMs) => ask("countEvents", [type, fromMs]),
    command: (cmdId) => ask("command", [cmdId]),
    commands: (filter) => ask("commands", [filter]),
    commandsByIdempotencyKey: (userId, key) => ask("commandsByIdempotencyKey", [userId, key]),
    openCommands: () => ask("openCommands", []),
    users: () => ask("users", []),
    deadLetters: (limit) => ask("deadLetters", [limit]),
    revocations: () => ask("revocations", []),
    audit: (filter) => ask("audit", [filter]),
  };
}
