import type { z } from "zod";
import type { Texts } from "../openapi/operation.ts";
import {
  broadcastResult,
  channelsResult,
  emptyResult,
  historyResult,
  infoResult,
  mapChangeResult,
  mapStateResult,
  mapStatsResult,
  mapStreamResult,
  presenceResult,
  presenceStatsResult,
  publishResult,
  rpcResult,
} from "./method-results.ts";

/** What stands in the documents about one method beside the fields that it reads. */
export interface MethodDoc {
  readonly summary: Texts;
  readonly text?: Texts;
  /** Fields without which the answer is error 107. */
  readonly required: readonly string[];
  readonly fields?: Readonly<Record<string, Texts>>;
  readonly example: Readonly<Record<string, unknown>>;
  readonly result: z.ZodType;
  /** The command's own errors that it can answer, beside 100. */
  readonly errors: readonly number[];
}

const telemetry = "telemetry:VM-SH-001";
const board = "board:warehouse";
const user = "admin_user_01";
const reading = { voltage: 221.5, door_closed: true };

const forAll: Texts = {
  en: "Acts on every connection of the user that `client` and `session` leave over.",
  zh: "作用于该用户的所有连接，可用 `client` 和 `session` 缩小范围。",
};

export const methodDocs: Readonly<Record<string, MethodDoc>> = {
  publish: {
    summary: { en: "Publishes into one channel", zh: "向一个频道发布" },
    text: {
      en: "Answers when the publication has its place: in a journaled namespace after the commit. `offset` and `epoch` are absent where no history is kept.",
      zh: "消息落位后才应答：日志型命名空间在提交之后。无历史的频道不返回 `offset` 和 `epoch`。",
    },
    required: ["channel"],
    example: { channel: telemetry, data: reading },
    result: publishResult,
    errors: [102, 107],
  },
  broadcast: {
    summary: { en: "Publishes the same into several channels", zh: "向多个频道发布同一消息" },
    text: {
      en: "Each channel has its own answer in `responses`, in the order of `channels`.",
      zh: "`responses` 按 `channels` 的顺序给出各频道的结果。",
    },
    required: ["channels"],
    fields: { channels: { en: "Names of the channels.", zh: "频道名列表。" } },
    example: { channels: ["p_alert:global", telemetry], data: { level: "P0", content: "02:00" } },
    result: broadcastResult,
    errors: [107],
  },
  subscribe: {
    summary: { en: "Subscribes a user's connections", zh: "让用户的连接订阅频道" },
    text: forAll,
    required: ["channel"],
    fields: { data: { en: "Data for the client, in the push that tells it of the subscription.", zh: "随订阅推送给客户端的数据。" } },
    example: { user, channel: telemetry },
    result: emptyResult,
    errors: [102, 107],
  },
  unsubscribe: {
    summary: { en: "Unsubscribes a user's connections", zh: "取消用户连接的订阅" },
    text: forAll,
    required: [],
    example: { user, channel: telemetry },
    result: emptyResult,
    errors: [102],
  },
  disconnect: {
    summary: { en: "Ends a user's connections", zh: "断开用户的连接" },
    text: forAll,
    required: [],
    example: { user, disconnect: { code: 4500, reason: "account closed" } },
    result: emptyResult,
    errors: [],
  },
  history: {
    summary: { en: "Reads a channel's history", zh: "读取频道历史" },
    text: {
      en: "`offset` and `epoch` are the channel's top. Without `limit` nothing is listed; `telemetry` and `events` answer 10 then.",
      zh: "`offset` 和 `epoch` 为频道当前最新位置。不给 `limit` 时不列消息；`telemetry` 和 `events` 此时返回 10 条。",
    },
    required: ["channel"],
    example: { channel: telemetry, limit: 10, reverse: true },
    result: historyResult,
    errors: [102, 107, 108, 112],
  },
  history_remove: {
    summary: { en: "Empties a channel's history", zh: "清空频道历史" },
    required: ["channel"],
    example: { channel: "p_alert:global" },
    result: emptyResult,
    errors: [102, 107, 108],
  },
  presence: {
    summary: { en: "Lists the connections in a channel", zh: "列出频道中的连接" },
    required: ["channel"],
    example: { channel: telemetry },
    result: presenceResult,
    errors: [102, 107, 108],
  },
  presence_stats: {
    summary: { en: "Counts connections and users in a channel", zh: "统计频道中的连接数和用户数" },
    required: ["channel"],
    example: { channel: telemetry },
    result: presenceStatsResult,
    errors: [102, 107, 108],
  },
  info: {
    summary: { en: "Tells each node's numbers", zh: "各节点的统计" },
    required: [],
    example: {},
    result: infoResult,
    errors: [],
  },
  rpc: {
    summary: { en: "Calls an extension of the server", zh: "调用服务器扩展" },
    text: {
      en: "There are none: every method is error 104, as in Centrifugo.",
      zh: "目前没有扩展：任何方法都返回错误 104，与 Centrifugo 一致。",
    },
    required: ["method"],
    fields: { method: { en: "Its name.", zh: "方法名。" } },
    example: { method: "ping" },
    result: rpcResult,
    errors: [104, 107],
  },
  refresh: {
    summary: { en: "Moves the end of a user's connections", zh: "更改用户连接的到期时间" },
    text: forAll,
    required: [],
    fields: { info: { en: "New information about the user: any JSON.", zh: "新的用户信息：任意 JSON。" } },
    example: { user, expire_at: 4_102_444_800 },
    result: emptyResult,
    errors: [],
  },
  channels: {
    summary: { en: "Lists channels that have subscribers", zh: "列出有订阅者的频道" },
    required: [],
    example: { pattern: "telemetry:*" },
    result: channelsResult,
    errors: [],
  },
  map_publish: {
    summary: { en: "Sets a key of a map channel", zh: "设置映射频道中的键" },
    required: ["channel", "key"],
    example: { channel: board, key: "VM-SH-001", data: { stock: 12 } },
    result: mapChangeResult,
    errors: [102, 106, 107],
  },
  map_remove: {
    summary: { en: "Removes a key of a map channel", zh: "删除映射频道中的键" },
    required: ["channel", "key"],
    example: { channel: board, key: "VM-SH-002" },
    result: mapChangeResult,
    errors: [102, 107],
  },
  map_read_state: {
    summary: { en: "Reads the keys of a map channel", zh: "读取映射频道的键" },
    required: ["channel"],
    fields: { key: { en: "Only this key.", zh: "只读此键。" } },
    example: { channel: board, limit: 100 },
    result: mapStateResult,
    errors: [102, 107, 112],
  },
  map_read_stream: {
    summary: { en: "Reads the changes of a map channel", zh: "读取映射频道的变更" },
    required: ["channel"],
    example: { channel: board, limit: 100 },
    result: mapStreamResult,
    errors: [102, 107, 112],
  },
  map_stats: {
    summary: { en: "Counts the keys of a map channel", zh: "统计映射频道的键数" },
    required: ["channel"],
    example: { channel: board },
    result: mapStatsResult,
    errors: [102, 107],
  },
  map_clear: {
    summary: { en: "Removes every key of a map channel", zh: "清空映射频道" },
    required: ["channel"],
    example: { channel: board },
    result: emptyResult,
    errors: [102, 107],
  },
  shared_poll_publish: {
    summary: { en: "Sets a key of a shared poll channel", zh: "设置共享轮询频道中的键" },
    text: {
      en: "For namespaces of the type `shared_poll` with `shared_poll.publish_enabled`. Whoever follows the key gets the value before the backend is asked.",
      zh: "用于类型为 `shared_poll` 且启用 `shared_poll.publish_enabled` 的命名空间。关注该键的客户端在轮询后端之前即可收到新值。",
    },
    required: ["channel", "key", "version"],
    fields: {
      key: { en: "The key.", zh: "键。" },
      version: { en: "Its version, at least 1.", zh: "版本，至少为 1。" },
      epoch: { en: "Epoch of the versions.", zh: "版本的纪元。" },
    },
    example: { channel: "prices:all", key: "SKU-1", data: { price: 3.5 }, version: 1 },
    result: emptyResult,
    errors: [102, 107, 108],
  },
};
