import { idempotencyKeyTtlMs } from "../packages/engine/src/history/idempotency-keys.ts";
import { answerMsMax, channelKeysMax, keyBytesMax } from "../packages/engine/src/shared-poll/limits.ts";
import { leavesMax } from "../packages/engine/src/tags-filter/tags-filter.ts";
import { defaultEmbeddedLimits as device } from "../packages/mqtt/src/embedded/limits.ts";
import { userIdBytesMax } from "../packages/server/src/auth/tokens/claims.ts";
import { keysMax } from "../packages/server/src/auth/tokens/jwks/key-set.ts";
import { addressesMax, fetchCoolDownMs, keySetAgeMsMax, keySetStaleMsMax } from "../packages/server/src/auth/tokens/jwks/key-sets.ts";
import { alarmOpenMs } from "../packages/server/src/fleet/alarms.ts";
import { commandTargetsMax, openCommandsMax } from "../packages/server/src/fleet/command-desk.ts";
import { eventsLimitMax, seriesPointsMax } from "../packages/server/src/fleet/fleet.ts";
import { bodyBytesAtDoorMax } from "../packages/server/src/http/body.ts";
import { lateBeyondMs } from "../packages/server/src/ingest/device-time.ts";
import { commandIdLengthMax, detailLengthMax, eventIdLengthMax, eventTypeLengthMax } from "../packages/server/src/ingest/messages.ts";
import { backlogBytesMax, backlogEntriesMax } from "../packages/server/src/lifecycle/intake-gate.ts";
import { answerBytesMax, callsAtOnceMax, callsWaitingMax } from "../packages/server/src/proxy/backend.ts";
import { nestingMax } from "../packages/server/src/push/raw-json/scan.ts";
import { batchBytesMax, batchEntriesMax } from "../packages/storage/src/sqlite/journal-batch.ts";
import { intervalsMax } from "../packages/storage/src/sqlite/received-intervals.ts";
import { deadLetterBytesMax } from "../packages/storage/src/sqlite/record-tables.ts";
import { bootsMax } from "../packages/storage/src/sqlite/seen-table.ts";

type Language = "en" | "zh-CN";
type Unit = "bytes" | "ms" | "s" | "count" | "characters";

/** What is bounded, its value as the code has it, and what happens beyond. */
type Row = readonly [en: string, zh: string, value: number, unit: Unit, beyondEn: string, beyondZh: string];

interface Section {
  readonly title: Readonly<Record<Language, string>>;
  readonly rows: readonly Row[];
}

const sections: readonly Section[] = [
  {
    title: { en: "A device at the embedded broker", "zh-CN": "内置代理上的设备" },
    rows: [
      ["First packet (CONNECT)", "第一个报文（CONNECT）", device.connectBytesMax, "bytes", "closed", "关闭连接"],
      ["Any other packet, `mqtt.packet_max`", "其他报文，`mqtt.packet_max`", device.packetBytesMax, "bytes", "closed", "关闭连接"],
      ["Client id", "客户端标识", device.clientIdBytesMax, "bytes", "refused", "拒绝"],
      ["Will", "遗嘱", device.willBytesMax, "bytes", "refused", "拒绝"],
      ["From the socket to the accepted CONNECT", "从建立套接字到接受 CONNECT", device.connectTimeoutMs, "ms", "closed", "关闭连接"],
      [
        "Keep-alive; one that asks for more, or for none, is held to it",
        "keep-alive；要求更长或不要时按此值",
        device.keepaliveSMax,
        "s",
        "closed after 1.5 times of silence",
        "静默 1.5 倍时间后关闭",
      ],
      ["Connections", "连接数", device.connectionsMax, "count", "refused", "拒绝"],
      [
        "Connections that have not proven who they are: all",
        "尚未认证的连接：总数",
        device.pendingConnectionsMax,
        "count",
        "refused",
        "拒绝",
      ],
      ["The same from one address", "同一地址的尚未认证连接", device.pendingPerAddressMax, "count", "refused", "拒绝"],
      ["Connections of one machine", "一台机器的连接数", device.connectionsPerMachineMax, "count", "the oldest ends", "最早的被关闭"],
      [
        "Kept sessions of one machine",
        "一台机器保留的会话",
        device.sessionsPerMachineMax,
        "count",
        "the longest unused is forgotten",
        "最久未用的被丢弃",
      ],
      ["Kept sessions", "保留的会话总数", device.sessionsMax, "count", "the longest unused is forgotten", "最久未用的被丢弃"],
      [
        "Messages of one connection that are not stored yet",
        "一个连接上尚未入库的消息",
        device.inflightMessagesMax,
        "count",
        "its socket is not read",
        "暂停读取该套接字",
      ],
      ["The same in bytes", "同上，按字节", device.inflightBytesMax, "bytes", "its socket is not read", "暂停读取该套接字"],
      [
        "Messages kept for an offline session",
        "为离线会话保留的消息",
        device.queuedMessagesPerSessionMax,
        "count",
        "the oldest goes",
        "丢弃最早的",
      ],
      ["The same in bytes", "同上，按字节", device.queuedBytesPerSessionMax, "bytes", "the oldest goes", "丢弃最早的"],
      ["Bytes that a device does not read", "设备未读取的字节", device.outboundBytesMax, "bytes", "closed", "关闭连接"],
      ["Retained messages of one machine", "一台机器的保留消息", device.retainedPerMachineMax, "count", "not kept", "不再保留"],
      ["Subscriptions of one session", "一个会话的订阅", device.subscriptionsPerSessionMax, "count", "refused", "拒绝"],
    ],
  },
  {
    title: { en: "Messages of machines", "zh-CN": "机器的消息" },
    rows: [
      ["`type` of an event", "事件的 `type`", eventTypeLengthMax, "characters", "kept aside as a dead letter", "存为死信"],
      ["`event_id`", "`event_id`", eventIdLengthMax, "characters", "kept aside as a dead letter", "存为死信"],
      ["`cmd_id`", "`cmd_id`", commandIdLengthMax, "characters", "kept aside as a dead letter", "存为死信"],
      ["`detail` of an acknowledgement", "回执的 `detail`", detailLengthMax, "characters", "cut", "截断"],
      ["Kept of a message that cannot be used", "无法使用的消息所保留的部分", deadLetterBytesMax, "bytes", "cut", "截断"],
      ["`ts` away from the receive time", "`ts` 与接收时间相差", lateBeyondMs, "ms", "stored and marked late", "入库并标记为迟到"],
      [
        "Starts of a machine (`boot`) whose `seq` are remembered",
        "记住多少次启动（`boot`）的 `seq`",
        bootsMax,
        "count",
        "the earliest is forgotten",
        "忘掉最早的",
      ],
      [
        "Gaps in `seq` of one start that are remembered",
        "一次启动内记住多少段 `seq`",
        intervalsMax,
        "count",
        "the lowest is forgotten",
        "忘掉最低的一段",
      ],
      ["An alarm ends by itself after", "告警自动结束的时间", alarmOpenMs, "ms", "–", "–"],
    ],
  },
  {
    title: { en: "The store", "zh-CN": "存储" },
    rows: [
      ["Entries in one transaction", "一次事务的条目", batchEntriesMax, "count", "the next transaction", "进入下一次事务"],
      ["The same in bytes", "同上，按字节", batchBytesMax, "bytes", "the next transaction", "进入下一次事务"],
      ["Entries that wait for the store", "等待入库的条目", backlogEntriesMax, "count", "devices are not read", "暂停读取设备"],
      ["The same in bytes", "同上，按字节", backlogBytesMax, "bytes", "devices are not read", "暂停读取设备"],
    ],
  },
  {
    title: { en: "Clients and the server API", "zh-CN": "客户端与服务端 API" },
    rows: [
      ["Body of a request, at the door", "请求正文（入口）", bodyBytesAtDoorMax, "bytes", "413", "413"],
      ["Levels of JSON in a request", "请求中 JSON 的层数", nestingMax, "count", "400", "400"],
      ["An idempotency key is remembered for", "幂等键的有效时间", idempotencyKeyTtlMs, "ms", "–", "–"],
      ["User id", "用户标识", userIdBytesMax, "bytes", "the token is invalid", "令牌无效"],
      ["Comparisons in a tags filter", "标签过滤器中的比较", leavesMax, "count", "error 107", "错误 107"],
      ["Key of a shared poll", "shared poll 的键", keyBytesMax, "bytes", "error 107", "错误 107"],
      [
        "Keys of one shared poll channel that are followed",
        "一个 shared poll 频道中被跟踪的键",
        channelKeysMax,
        "count",
        "error 106",
        "错误 106",
      ],
      [
        "For the values of a shared poll a backend is waited for",
        "等待后端给出 shared poll 的值",
        answerMsMax,
        "ms",
        "asked again in the next round",
        "下一轮再问",
      ],
      ["Machines that one command request names", "一次命令请求涉及的机器", commandTargetsMax, "count", "refused", "拒绝"],
      ["Commands that are not finished", "未完成的命令", openCommandsMax, "count", "429", "429"],
      ["Events that one page of `/v1/events` brings", "`/v1/events` 一页的事件", eventsLimitMax, "count", "the next page", "翻页"],
      ["Points of one chart", "一条曲线的点数", seriesPointsMax, "count", "wider steps", "加大间隔"],
    ],
  },
  {
    title: { en: "Requests that the server sends", "zh-CN": "服务器发出的请求" },
    rows: [
      ["Answer of a backend", "后端的应答", answerBytesMax, "bytes", "a failed call", "调用失败"],
      ["Calls of one backend at a time", "同时调用一个后端", callsAtOnceMax, "count", "wait", "排队"],
      ["Calls that wait", "排队的调用", callsWaitingMax, "count", "a failed call", "调用失败"],
      ["Keys in a key set", "一个密钥集的密钥", keysMax, "count", "no set", "视为没有"],
      ["A key set is believed for", "密钥集的有效时间", keySetAgeMsMax, "ms", "asked again", "重新获取"],
      ["The same while its address does not answer", "其地址无应答时的有效时间", keySetStaleMsMax, "ms", "no set", "视为没有"],
      ["Between two questions to one address", "对同一地址两次请求的间隔", fetchCoolDownMs, "ms", "–", "–"],
      ["Addresses of key sets", "密钥集的地址数", addressesMax, "count", "not asked", "不再请求"],
    ],
  },
];

const texts = {
  en: {
    head: `# Limits

[简体中文](limits.zh-CN.md)

Made from the constants in the code by \`scripts/generate-docs.ts\`. Every queue and every input has a bound, so that nobody takes memory or time from the others. What an operator can set
(sizes of messages and queues, connections, channels, rates, times) stands with its default in the [configuration](configuration.md); these are the rest.`,
    columns: "| what | limit | beyond it |\n|---|---|---|",
    units: { bytes: "bytes", ms: "ms", s: "s", count: "", characters: "characters" },
  },
  "zh-CN": {
    head: `# 限制

[English](limits.md)

本页由 \`scripts/generate-docs.ts\` 根据代码中的常量生成。每个队列、每种输入都有上限，谁也不能占用别人的内存和时间。可以设置的限制（消息与队列的大小、连接数、频道数、速率、时间）
及其默认值见[配置](configuration.zh-CN.md)；其余的列在这里。`,
    columns: "| 内容 | 上限 | 超出之后 |\n|---|---|---|",
    units: { bytes: "字节", ms: "毫秒", s: "秒", count: "", characters: "个字符" },
  },
} as const;

/** The page in one language. */
export function limitsPage(language: Language): string {
  const { head, columns, units } = texts[language];
  const body = sections.map(({ title, rows }) => {
    const lines = rows.map(([en, zh, value, unit, beyondEn, beyondZh]) => {
      const shown = `${value.toLocaleString("en-US")} ${units[unit]}`.trim();
      return language === "en" ? `| ${en} | ${shown} | ${beyondEn} |` : `| ${zh} | ${shown} | ${beyondZh} |`;
    });
    return `## ${title[language]}\n\n${columns}\n${lines.join("\n")}`;
  });
  return `${[head, ...body].join("\n\n")}\n`;
}
