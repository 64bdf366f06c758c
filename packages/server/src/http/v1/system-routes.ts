import type { DeadLetter, DeadLetterPage, SystemStatus } from "@fleetcast/protocol";
import type { DeadLetterRow } from "@fleetcast/storage";
import { jsonResponse } from "../problem.ts";
import type { Route } from "../route.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { signedIn } from "./guard.ts";

/** Counting is not free and the strip asks often: one answer serves everybody this long. Milliseconds. */
const statusAgeMsMax = 1_000;
/** Bytes of a dead letter's payload that are shown. */
const payloadBytesShown = 512;

export function systemRoutes(dependencies: V1Dependencies): Route[] {
  const { journal, clock } = dependencies;
  const startedMs = clock.monotonicMs();
  let status: { readonly atMs: number; readonly answer: Promise<SystemStatus> } | undefined;

  return [
    {
      method: "GET",
      path: "/v1/status",
      listener: "external",
      bodyBytesMax: 0,
      handle: signedIn(dependencies, "read_fleet", async () => {
        const nowMs = clock.monotonicMs();
        if (status === undefined || nowMs - status.atMs >= statusAgeMsMax) {
          status = { atMs: nowMs, answer: readStatus(dependencies, Math.floor((nowMs - startedMs) / 1_000)) };
        }
        return jsonResponse(await status.answer);
      }),
    },
    {
      method: "GET",
      path: "/v1/dead-letters",
      listener: "external",
      bodyBytesMax: 0,
      handle: signedIn(dependencies, "read_dead_letters", async ({ query }) => {
        const rows = await journal.fleet.deadLetters(query.integer("limit", { min: 1, max: 200 }) ?? 50);
        const answer: DeadLetterPage = { dead_letters: rows.map(shownDeadLetter) };
        return jsonResponse(answer);
      }),
    },
  ];
}

async function readStatus({ journal, push, config, version }: V1Dependencies, uptimeS: number): Promise<SystemStatus> {
  const [stats, connections] = await Promise.all([journal.stats(), countConnections(push)]);
  return {
    version,
    broker: !config.mqtt.enabled ? "off" : config.mqtt.broker === "embedded" ? "embedded" : "external",
    store: "sqlite",
    engine: config.push.engine,
    uptime_s: uptimeS,
    stored_total: stats.readings + stats.events,
    dead_letters_total: stats.deadLetters,
    publications_total: stats.publications,
    connections,
    push_lag: push.lag,
  };
}

/** An external engine that is down has no connections; the lag beside it tells the rest. */
async function countConnections(push: V1Dependencies["push"]): Promise<number> {
  try {
    return (await push.info()).reduce((sum, node) => sum + node.num_clients, 0);
  } catch {
    return 0;
  }
}

function shownDeadLetter({ id, atMs, topic, vmId, reason, payload }: DeadLetterRow): DeadLetter {
  return {
    id,
    at_ms: atMs,
    topic,
    vm_id: vmId,
    reason,
    payload_text: new TextDecoder().decode(payload.subarray(0, payloadBytesShown)),
    size_bytes: payload.byteLength,
  };
}
