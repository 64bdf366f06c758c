import { counter, gauge, histogram } from "../family.ts";

/** What the real server has no name for. Seconds and bytes, as Prometheus wants them. */
export const fleetcastFamilies = {
  buildInfo: gauge(
    "fleetcast_build_info",
    ["version", "runtime", "engine", "broker"],
    "1, with what runs as labels.",
    "恒为 1，标签说明正在运行什么。",
  ),
  ready: gauge(
    "fleetcast_ready",
    ["part"],
    "1 while the part does its work, 0 while it does not; `/readyz` says the same.",
    "该部分工作时为 1，否则为 0；与 `/readyz` 一致。",
  ),
  loopDelay: histogram(
    "fleetcast_event_loop_delay_seconds",
    [],
    "How late a timer of 50 ms came: everything else was as late.",
    "50 毫秒定时器迟到的时间：其他事情也同样迟到。",
  ),
  reloads: counter(
    "fleetcast_config_reloads_total",
    ["outcome"],
    "SIGHUP: configurations taken, and refused ones.",
    "SIGHUP 重新加载：已采用与被拒绝的次数。",
  ),
  spans: counter(
    "fleetcast_trace_spans_total",
    ["outcome"],
    "With opentelemetry.enabled: spans exported, and dropped ones.",
    "打开 opentelemetry.enabled 时：已导出与被丢弃的跨度数。",
  ),
  certificateExpiry: gauge(
    "fleetcast_certificate_expiry_timestamp_seconds",
    ["listener"],
    "When the certificate of a listener expires. Unix time.",
    "监听器证书的过期时间（Unix 时间）。",
  ),

  machines: gauge("fleetcast_machines", ["state"], "Known machines by judged state.", "已知设备数，按判定的状态。"),
  alarms: gauge("fleetcast_alarms_open", ["severity"], "Open alarms.", "未解除的告警数。"),
  commandsOpen: gauge("fleetcast_commands_open", [], "Commands that are not final.", "尚未结束的命令数。"),
  commands: counter("fleetcast_commands_total", ["state"], "Steps of commands: how many reached this state.", "进入该状态的命令数。"),

  mqttConnections: gauge(
    "fleetcast_mqtt_connections",
    [],
    "Device connections; with an external broker 1 while it is there.",
    "设备连接数；外部 Broker 时，连接上为 1。",
  ),
  mqttReceived: counter("fleetcast_mqtt_messages_received_total", [], "PUBLISH packets taken in.", "收到的 PUBLISH 数。"),
  mqttAcknowledged: counter(
    "fleetcast_mqtt_messages_acknowledged_total",
    [],
    "PUBLISH packets acknowledged (PUBACK) after the commit.",
    "提交之后确认（PUBACK）的 PUBLISH 数。",
  ),
  mqttOutstanding: gauge("fleetcast_mqtt_messages_outstanding", [], "Taken in and not answered yet.", "已收到、尚未应答的消息数。"),
  mqttRefused: counter(
    "fleetcast_mqtt_refused_total",
    ["reason"],
    "Connections and packets refused by the guard.",
    "被守卫拒绝的连接与报文数。",
  ),
  intakePaused: gauge(
    "fleetcast_intake_paused",
    [],
    "1 while device sockets are not read because the store is behind.",
    "存储落后、暂停读取设备连接时为 1。",
  ),
  ingestReceived: counter("fleetcast_ingest_received_total", ["kind"], "Messages of machines by topic kind.", "设备消息数，按主题种类。"),
  ingestOutcome: counter(
    "fleetcast_ingest_outcome_total",
    ["outcome"],
    "What became of them: stored, duplicate, conflict, dead_letter, ignored.",
    "处理结果：stored、duplicate、conflict、dead_letter、ignored。",
  ),
  deadLetters: counter(
    "fleetcast_dead_letters_total",
    ["reason"],
    "Messages that could not be used, by reason.",
    "无法使用的消息数，按原因。",
  ),
  ingestLate: counter(
    "fleetcast_ingest_late_total",
    [],
    "Readings whose own time is more than 24 h off.",
    "自带时间偏差超过 24 小时的读数数。",
  ),
  ingestMissing: counter("fleetcast_ingest_missing_total", [], "Sequence numbers that never came.", "从未到达的序号数。"),
  ingestOverRate: counter(
    "fleetcast_ingest_over_rate_total",
    [],
    "Messages above the rate of one machine; they are stored all the same.",
    "超过单台设备速率的消息数；仍会存储。",
  ),

  storeHealthy: gauge("fleetcast_store_healthy", [], "1 while the store commits.", "存储能提交时为 1。"),
  storeCommits: counter("fleetcast_store_commits_total", [], "Transactions committed.", "已提交的事务数。"),
  storeEntries: counter("fleetcast_store_entries_total", [], "Entries in them.", "其中的条目数。"),
  storeFailures: counter("fleetcast_store_commit_failures_total", [], "Commits that failed and were repeated.", "失败后重试的提交数。"),
  storeCommitSeconds: histogram(
    "fleetcast_store_commit_seconds",
    [],
    "From handing a batch to the writer to its commit.",
    "从把一批交给写入线程到提交完成的时间。",
  ),
  storeBacklogEntries: gauge("fleetcast_store_backlog_entries", [], "Entries that wait for their commit.", "等待提交的条目数。"),
  storeBacklogBytes: gauge("fleetcast_store_backlog_bytes", [], "Their bytes.", "其字节数。"),
  storeSize: gauge("fleetcast_store_size_bytes", [], "Bytes of the store's files.", "存储文件的字节数。"),
  storeFree: gauge("fleetcast_store_free_bytes", [], "Bytes free on its disk.", "所在磁盘的剩余字节数。"),
  storeCapacity: gauge("fleetcast_store_disk_bytes", [], "Bytes of its disk.", "所在磁盘的总字节数。"),

  pushLag: histogram(
    "fleetcast_push_lag_seconds",
    [],
    "From a commit to the last subscriber's socket, per publication.",
    "每条消息从提交到最后一个订阅者套接字的时间。",
  ),
  pushWaiting: gauge("fleetcast_push_waiting", [], "Committed publications that are not pushed yet.", "已提交、尚未推送的消息数。"),
  pushSettled: counter(
    "fleetcast_push_settled_total",
    ["outcome"],
    "With a real Centrifugo: publications pushed, parked, skipped.",
    "使用真实 Centrifugo 时：已推送、已搁置、已跳过的消息数。",
  ),
  deliveries: counter("fleetcast_deliveries_total", [], "Pushes handed to subscribers.", "交给订阅者的推送数。"),
  outboxBytes: gauge("fleetcast_outbox_bytes", [], "Bytes that wait for clients.", "等待发给客户端的字节数。"),
  slowReaders: counter(
    "fleetcast_slow_readers_total",
    ["outcome"],
    "Slow readers: closed (3008), catch_up, and publications skipped.",
    "慢读者：关闭（3008）、catch_up，以及跳过的消息。",
  ),
  droppedFrames: counter(
    "fleetcast_dropped_frames_total",
    [],
    "Frames that the runtime lost: each is a bug.",
    "运行时丢失的帧：每一个都是缺陷。",
  ),
} as const;
