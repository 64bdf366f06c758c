/** Names of the real server 6.9.6 that we do not have, and why. A prefix ends in `*`. */
export interface Absent {
  readonly name: string;
  readonly why: string;
  readonly zh: string;
}

const absent = (name: string, why: string, zh: string): Absent => ({ name, why, zh });

const redis = ["there is no Redis between our nodes", "我们的节点之间没有 Redis"] as const;
const postgres = [
  "there is no such broker here; the journal has `fleetcast_store_*`",
  "没有这种 Broker；日志存储见 `fleetcast_store_*`",
] as const;
const oneNode = ["one node asks nobody", "单节点不需要询问其他节点"] as const;
const consumers = ["there are no consumers", "没有 consumers"] as const;

export const absentFamilies: readonly Absent[] = [
  absent("centrifugo_node_survey_duration_seconds*", ...oneNode),
  absent(
    "centrifugo_node_broadcast_duration_seconds",
    "a fan-out runs in slices between other work, so its duration says little; `fleetcast_push_lag_seconds` says when it was over",
    "广播与其他工作交替分片执行，其耗时意义不大；`fleetcast_push_lag_seconds` 给出完成时间",
  ),
  absent("centrifugo_node_pub_sub_lag_seconds", "no broker stands between a publication and its node", "消息与节点之间没有 Broker"),
  absent("centrifugo_broker_redis_*", ...redis),
  absent("centrifugo_map_broker_redis_*", ...redis),
  absent("centrifugo_broker_postgres_*", ...postgres),
  absent("centrifugo_map_broker_postgres_*", ...postgres),
  absent("centrifugo_broker_publish_suppressed_count", "repeats are answered, and not counted", "重复发布会得到应答，但不计数"),
  absent("centrifugo_map_broker_publish_suppressed_count", "repeats are answered, and not counted", "重复发布会得到应答，但不计数"),
  absent("centrifugo_map_broker_remove_suppressed_count", "repeats are answered, and not counted", "重复删除会得到应答，但不计数"),
  absent("centrifugo_map_broker_cleanup_*", "entries end at their time, without a clean-up", "条目到期即结束，没有清理过程"),
  absent(
    "centrifugo_shared_poll_*",
    "shared poll is not measured; its questions to backends are in `centrifugo_proxy_*`",
    "不统计 shared poll；它向后端的提问见 `centrifugo_proxy_*`",
  ),
  absent("centrifugo_api_rpc_duration_seconds*", "the server API's `rpc` has no extensions here", "服务端 API 的 `rpc` 在这里没有扩展"),
  absent("centrifugo_consumers_messages_processed_total", ...consumers),
  absent("centrifugo_consumers_errors_total", ...consumers),
  absent("go_*", "this is not a Go program", "这不是 Go 程序"),
  absent("promhttp_*", "the scrape itself is not measured", "不统计抓取本身"),
  absent("process_network_*", "the system tells them for the machine, not for the process", "系统只给出整机数据，而非本进程"),
  absent("process_virtual_memory_max_bytes", "there is no limit to tell", "没有上限可报告"),
];

export function absenceOf(name: string): Absent | undefined {
  return absentFamilies.find((one) => (one.name.endsWith("*") ? name.startsWith(one.name.slice(0, -1)) : one.name === name));
}
