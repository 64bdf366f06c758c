import { z } from "zod";
import { named } from "../openapi/shapes.ts";

/** What the methods of the server API answer, for the OpenAPI document; tests compare it with what `results.ts` writes. */

const offset = z.int().min(0);
const count = z.int().min(0);

export const apiError = named("ApiError", z.object({ code: z.int().min(0).max(4_294_967_295), message: z.string() }));
export const apiErrorReply = named("ApiErrorReply", z.object({ error: apiError }));

export const emptyResult = named("EmptyResult", z.object({}));

/** Both are absent where the channel keeps no history. */
export const publishResult = named("PublishResult", z.object({ offset: offset.optional(), epoch: z.string().optional() }));

export const broadcastResult = named(
  "BroadcastResult",
  z.object({ responses: z.array(z.union([z.object({ result: publishResult }), apiErrorReply])) }),
);

const clientInfo = named(
  "ClientInfo",
  z.object({ user: z.string(), client: z.string(), conn_info: z.unknown().optional(), chan_info: z.unknown().optional() }),
);

const publication = named(
  "Publication",
  z.object({
    data: z.unknown(),
    info: clientInfo.optional(),
    offset: offset.optional(),
    tags: z.record(z.string(), z.string()).optional(),
  }),
);

export const historyResult = named("HistoryResult", z.object({ publications: z.array(publication), epoch: z.string(), offset }));

export const presenceResult = named("PresenceResult", z.object({ presence: z.record(z.string(), clientInfo) }));
export const presenceStatsResult = named("PresenceStatsResult", z.object({ num_clients: count, num_users: count }));

export const channelsResult = named(
  "ChannelsResult",
  z.object({ channels: z.record(z.string(), z.object({ num_clients: count.optional() })) }),
);

const node = named(
  "Node",
  z.object({
    uid: z.string(),
    name: z.string(),
    version: z.string(),
    num_clients: count,
    num_users: count,
    num_channels: count,
    num_subs: count,
    uptime: count.optional(),
  }),
);
export const infoResult = named("InfoResult", z.object({ nodes: z.array(node) }));

export const rpcResult = named("RpcResult", z.object({ data: z.unknown().optional() }));

const suppressReason = z.enum(["idempotency", "version", "key_exists", "key_not_found", "position_mismatch"]);
export const mapChangeResult = named(
  "MapChangeResult",
  z.object({
    offset: offset.optional(),
    epoch: z.string().optional(),
    suppressed: z.boolean().optional(),
    suppress_reason: suppressReason.optional(),
  }),
);

const mapEntry = named(
  "MapEntry",
  z.object({
    key: z.string(),
    data: z.unknown().optional(),
    tags: z.record(z.string(), z.string()).optional(),
    offset: offset.optional(),
    removed: z.boolean().optional(),
    time: z.int().optional(),
  }),
);
const mapPage = { entries: z.array(mapEntry).optional(), offset: offset.optional(), epoch: z.string().optional() };
export const mapStateResult = named("MapStateResult", z.object({ ...mapPage, cursor: z.string().optional() }));
export const mapStreamResult = named("MapStreamResult", z.object(mapPage));
export const mapStatsResult = named("MapStatsResult", z.object({ num_keys: count.optional() }));

/** One reply of `POST /api`: the result is that of the method. */
export const commandReply = named(
  "CommandReply",
  z.union([
    z.object({ id: z.int().min(1).max(4_294_967_295).optional(), result: z.record(z.string(), z.unknown()) }),
    z.object({ id: z.int().min(1).max(4_294_967_295).optional(), error: apiError }),
  ]),
);

/** One reply of a batch stands under the method's name. */
const batchReply = z.union([
  apiErrorReply,
  ...(
    [
      ["publish", publishResult],
      ["broadcast", broadcastResult],
      ["history", historyResult],
      ["presence", presenceResult],
      ["presence_stats", presenceStatsResult],
      ["info", infoResult],
      ["channels", channelsResult],
      ["map_publish", mapChangeResult],
      ["map_remove", mapChangeResult],
      ["map_read_state", mapStateResult],
      ["map_read_stream", mapStreamResult],
      ["map_stats", mapStatsResult],
      ...["subscribe", "unsubscribe", "disconnect", "history_remove", "refresh", "map_clear"].map((name) => [name, emptyResult] as const),
    ] as const
  ).map(([name, result]) => z.object({ [name]: result })),
]);
export const batchReplies = named("BatchReplies", z.object({ replies: z.array(batchReply).optional() }));
