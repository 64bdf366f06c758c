import type { DeadLetter, DeadLetterPage, SystemStatus } from "@fleetcast/protocol";
import type { DeadLetterRow } from "@fleetcast/storage";
import { jsonResponse } from "../problem.ts";
import type { Route } from "../route.ts";
import { deadLetterPageShape, statusShape } from "./answers.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { signedIn } from "./guard.ts";
import { integerShape, queryParameter, v1Operation } from "./operations.ts";

/** Counting is not free and the strip asks often: one answer serves everybody this long. Milliseconds. */
const statusAgeMsMax = 1_000;
/** Bytes of a dead letter's payload that are shown. */
const payloadBytesShown = 512;
const limitBounds = { min: 1, max: 200 };
const limitDefault = 50;

export const systemOperations = {
  status: v1Operation({
    id: "status",
    method: "GET",
    path: "/v1/status",
    tag: "system",
    summary: { en: "Counts what the system does", zh: "系统运行统计" },
    access: "session",
    answer: statusShape,
    ok: { en: "The counts, at most a second old", zh: "统计数据，至多滞后一秒" },
    refuses: [403],
  }),
  deadLetters: v1Operation({
    id: "deadLetters",
    method: "GET",
    path: "/v1/dead-letters",
    tag: "system",
    summary: { en: "Lists messages of machines that could not be used, newest first", zh: "列出无法使用的机器消息，最新在前" },
    text: { en: "For the roles developer and admin.", zh: "仅限 developer 和 admin 角色。" },
    access: "session",
    parameters: [queryParameter("limit", integerShape(limitBounds, limitDefault), { en: "How many at most.", zh: "最多返回多少条。" })],
    answer: deadLetterPageShape,
    ok: { en: "The messages, each with its reason", zh: "消息及各自的原因" },
    refuses: [400, 403],
  }),
};

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
      operations: [systemOperations.status],
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
      operations: [systemOperations.deadLetters],
      handle: signedIn(dependencies, "read_dead_letters", async ({ query }) => {
        const rows = await journal.fleet.deadLetters(query.integer("limit", limitBounds) ?? limitDefault);
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
