import { bool, duration, int, oneOf, secret, string } from "../option.ts";
import { stringMap } from "../option-compound.ts";
import { type PassedOn, partOf, refused, under } from "../standing.ts";
import { redisOptions } from "./redis.ts";
import { tlsOptions } from "./tls.ts";

/** Where Centrifugo keeps and passes on what is published when it is more than one node. One Fleetcast is one node. */
const cluster = "one Fleetcast is one node; with push.engine: centrifugo a real Centrifugo cluster stands behind it and is told this key";

/** What a cluster behind us can have: publications must stay readable, which NATS cannot do. */
function clustered(...values: readonly unknown[]): PassedOn {
  return { values, otherwise: "behind Fleetcast Centrifugo needs a broker that keeps history: memory or redis" };
}

const count = { min: 1, max: 1_000_000_000 };

const redis = { ...redisOptions, prefix: string("centrifugo", "What its keys begin with.") } as const;

const redisHistory = { history_use_lists: bool(false, "Keeps history in lists instead of streams.") } as const;

const redisPresence = {
  presence_ttl: duration(60_000, "How long presence outlives its last update."),
  presence_hash_field_ttl: bool(false, "Lets Redis expire single entries."),
  presence_user_mapping: bool(false, "Keeps users beside connections."),
} as const;

const postgres = {
  dsn: secret("Address of PostgreSQL."),
  ...under("tls", tlsOptions),
  pool_size: int(16, count, "Connections to it."),
  num_shards: int(8, count, "Parts the outbox is cut into."),
  use_notify: bool(false, "Is woken by NOTIFY."),
  notify_dsn: secret("Address for that."),
  table_prefix: string("cf", "What its tables begin with."),
  skip_schema_init: bool(false, "Leaves creating tables to others."),
  partition_lookahead_days: int(2, count, "Days that are prepared."),
  partition_retention_days: int(7, count, "Days that are kept."),
} as const;

/** A broker's PostgreSQL, for streams and maps alike. */
const postgresBroker = {
  ...postgres,
  cleanup_interval: duration(60_000, "How often old rows go."),
  idempotent_result_ttl: duration(300_000, "How long a repeated publication is recognised."),
  binary_data: bool(false, "Keeps data as bytes instead of JSON."),
  stream_retention: duration(86_400_000, "How long streams are kept."),
  "outbox.poll_interval": duration(100, "How often the outbox is read."),
  "outbox.batch_size": int(1_000, count, "Rows read at a time."),
} as const;

const nats = {
  prefix: string("centrifugo", "What its subjects begin with."),
  url: { ...string("nats://localhost:4222", "Address of NATS."), kind: "secret" as const },
  dial_timeout: duration(1_000, "How long connecting may take."),
  write_timeout: duration(1_000, "How long a write may take."),
  ...under("tls", tlsOptions),
  allow_wildcards: bool(false, "Subscribes to wildcards."),
  "raw_mode.enabled": bool(false, "Passes messages on as they are."),
  "raw_mode.channel_replacements": stringMap("Replacements from channel to subject."),
  "raw_mode.prefix": string("", "What subjects begin with then."),
} as const;

export const scalingOptions = {
  "engine.type": refused(oneOf("memory", ["memory", "redis"], "Where namespaces outside the journal live."), cluster, clustered("redis")),
  ...partOf("engine.type", under("engine.redis", { ...redis, ...redisHistory, ...redisPresence })),
  ...under("broker", {
    enabled: bool(false, "Names a broker apart from the engine."),
    type: refused(oneOf("memory", ["memory", "redis", "nats", "postgres", "redisnats"], "Which one."), cluster, clustered("redis")),
    ...partOf("broker.type", {
      ...under("redis", { ...redis, ...redisHistory }),
      ...under("nats", nats),
      ...under("postgres", postgresBroker),
      ...under("redisnats", { ...under("redis", { ...redis, ...redisHistory }), ...under("nats", nats) }),
    }),
  }),
  ...under("presence_manager", {
    enabled: bool(false, "Names a keeper of presence apart from the engine."),
    type: refused(oneOf("memory", ["memory", "redis"], "Which one."), cluster, clustered("redis")),
    ...partOf("presence_manager.type", under("redis", { ...redis, ...redisPresence })),
  }),
  "map_broker.type": refused(oneOf("memory", ["memory", "redis", "postgres"], "Where maps live."), cluster, clustered("redis", "postgres")),
  ...partOf(
    "map_broker.type",
    under("map_broker", {
      ...under("redis", {
        ...redis,
        cleanup_interval: duration(1_000, "How often expired keys go."),
        cleanup_batch_size: int(100, count, "Keys at a time."),
        idempotent_result_ttl: duration(300_000, "How long a repeated change is recognised."),
        skip_pub_sub: bool(false, "Passes changes on without Redis."),
      }),
      ...under("postgres", { ...postgresBroker, ttl_check_interval: duration(1_000, "How often expired keys are looked for.") }),
    }),
  ),
  ...under("controller", {
    enabled: refused(bool(false, "Passes messages between nodes over a store."), cluster, clustered(true)),
    type: oneOf("", ["", "postgres"], "Which one."),
    ...under("postgres", {
      ...postgres,
      pool_size: int(8, count, "Connections to it."),
      num_shards: int(1, count, "Parts the table is cut into."),
      partition_retention_days: int(1, count, "Days that are kept."),
      poll_interval: duration(50, "How often it is read."),
      partition_cleanup_interval: duration(60_000, "How often old days go."),
      batch_size: int(1_000, count, "Rows read at a time."),
    }),
  }),
} as const;
