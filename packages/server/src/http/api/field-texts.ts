import type { Texts } from "../openapi/operation.ts";

/** What the fields of the methods mean. A field that means something else in one method has its sentence there (`method-docs.ts`). */
export const fieldTexts: Readonly<Record<string, Texts>> = {
  channel: { en: "Name of the channel.", zh: "频道名。" },
  data: { en: "The payload: any JSON, passed on byte by byte.", zh: "消息内容：任意 JSON，逐字节原样转发。" },
  b64data: { en: "The payload in base64; wins over `data`.", zh: "base64 编码的消息内容；优先于 `data`。" },
  tags: { en: "Strings that travel beside the payload; tags filters look at them.", zh: "随消息附带的字符串标签，可供标签过滤使用。" },
  skip_history: { en: "Delivers without keeping it in history.", zh: "只投递，不写入历史。" },
  idempotency_key: {
    en: "A repeat with the same key within 5 minutes is answered with the first result and publishes nothing; counts for each channel.",
    zh: "5 分钟内以同一键重复调用，返回首次结果且不再发布；按频道分别计算。",
  },
  delta: {
    en: "Subscribers that asked for deltas may get a difference instead of the whole payload.",
    zh: "订阅时要求增量的客户端可收到差量而非全文。",
  },
  version: {
    en: "Skips the publication unless it is greater than the version kept for the channel; needs history. Up to 2^53-1.",
    zh: "仅当大于频道已存版本时才发布；需要历史功能。最大 2^53-1。",
  },
  version_epoch: { en: "A version of another epoch begins anew.", zh: "版本所属的纪元；换了纪元则版本重新计。" },
  user: { en: "The user whose connections are meant; empty: those of nobody.", zh: "目标用户；为空表示匿名连接。" },
  client: { en: "Only the connection with this id.", zh: "只针对此连接 ID。" },
  session: { en: "Only the connection with this session id.", zh: "只针对此会话 ID。" },
  info: { en: "Information about the user for presence and join messages: any JSON.", zh: "用于在线信息和加入消息的用户信息：任意 JSON。" },
  b64info: { en: "The same in base64; wins over `info`.", zh: "同上，base64 编码；优先于 `info`。" },
  expire_at: { en: "Unix seconds at which it ends; 0: never.", zh: "到期时间（Unix 秒）；0 表示永不到期。" },
  recover_since: { en: "Position from which missed publications are sent.", zh: "从此位置起补发错过的消息。" },
  "recover_since.offset": { en: "Its offset.", zh: "位置的偏移量。" },
  "recover_since.epoch": { en: "Its epoch.", zh: "位置的纪元。" },
  override: { en: "Options of the channel that are different for this subscription.", zh: "仅对本次订阅生效的频道选项。" },
  "override.presence": { en: "Takes part in presence.", zh: "是否计入在线信息。" },
  "override.join_leave": { en: "Sends join and leave.", zh: "是否产生加入和离开消息。" },
  "override.force_push_join_leave": { en: "Gets join and leave.", zh: "是否接收加入和离开消息。" },
  "override.force_recovery": { en: "Recovers after a cut.", zh: "断线后是否恢复。" },
  "override.force_positioning": { en: "Its position is watched.", zh: "是否检查位置。" },
  whitelist: { en: "Ids of connections that stay.", zh: "保留的连接 ID。" },
  disconnect: {
    en: "What the client is told; 3503 `force disconnect` unless given.",
    zh: "告知客户端的断开原因；默认 3503 `force disconnect`。",
  },
  "disconnect.code": {
    en: "Close code: 4000 to 4499 lets the client come back, 4500 to 4999 does not.",
    zh: "关闭码：4000–4499 允许重连，4500–4999 不允许。",
  },
  "disconnect.reason": { en: "A short text.", zh: "简短说明。" },
  expired: { en: "Ends the connection as expired (3005).", zh: "按已过期处理，断开连接（3005）。" },
  limit: { en: "How many at most; 0: none, negative: all.", zh: "最多返回多少条；0 为不返回，负数为全部。" },
  since: { en: "Begins after this position.", zh: "从此位置之后开始。" },
  "since.offset": { en: "Its offset.", zh: "位置的偏移量。" },
  "since.epoch": { en: "Its epoch; another one than the channel's is error 112.", zh: "位置的纪元；与频道当前纪元不符则为错误 112。" },
  reverse: { en: "Newest first.", zh: "从最新开始。" },
  pattern: { en: "A glob; empty: every channel.", zh: "通配模式；为空表示全部频道。" },
  key: { en: "The key in the map.", zh: "映射中的键。" },
  key_mode: { en: "Empty, `if_new` or `if_exists`.", zh: "为空、`if_new` 或 `if_exists`。" },
  cursor: { en: "From the page before; empty: the first page.", zh: "上一页返回的游标；为空表示第一页。" },
  asc: { en: "Read for compatibility; keys always come in ascending order.", zh: "为兼容而读取；键总是升序返回。" },
  revision_offset: { en: "Offset of the state that earlier pages showed.", zh: "前几页所示状态的偏移量。" },
  revision_epoch: { en: "Its epoch; another one than the channel's is error 112.", zh: "其纪元；与频道当前纪元不符则为错误 112。" },
  since_offset: { en: "Begins after this offset.", zh: "从此偏移量之后开始。" },
  since_epoch: { en: "Epoch of that offset.", zh: "该偏移量的纪元。" },
};

/** A field of an override is an object with one member. */
export const overrideValueText: Texts = { en: "Whether it holds.", zh: "是否启用。" };
