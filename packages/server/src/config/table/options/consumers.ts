import { bool, duration, int, list, secret, string } from "../option.ts";
import { refused, type Under, under } from "../standing.ts";
import { redisOptions } from "./redis.ts";
import { tlsOptions } from "./tls.ts";

/**
 * Each entry of `consumers`: queues that Centrifugo reads publications from. Fleetcast reads none, but knows their keys, so that
 * a consumer that is switched off can stay in a file.
 */
const count = { min: 1, max: 1_000_000_000 };

type DataMode<P extends string> = {
  readonly [K in "channels" | "idempotency_key" | "delta" | "version" | "version_epoch" as `${K}_${P}`]: ReturnType<typeof string>;
} & { readonly enabled: ReturnType<typeof bool> } & { readonly [K in `tags_${P}_prefix`]: ReturnType<typeof string> };

/** Where a message carries what belongs to a publication: the same six places, under the name each queue has for them. */
function publicationDataMode<const P extends string>(place: P): Under<"publication_data_mode", DataMode<P>> {
  const named = (what: string, means: string) => [`${what}_${place}`, string(`centrifugo-${what.replaceAll("_", "-")}`, `Its ${means}.`)];
  return under("publication_data_mode", {
    enabled: bool(false, "Messages are data to publish, not commands."),
    ...Object.fromEntries([
      named("channels", "channels"),
      named("idempotency_key", "idempotency key"),
      named("delta", "delta flag"),
      named("version", "version"),
      named("version_epoch", "epoch of the version"),
      [`tags_${place}_prefix`, string("centrifugo-tag-", "What the names of its tags begin with.")],
    ]),
  } as DataMode<P>);
}

const method = string("centrifugo-method", "Where a message names the method of the server API.");
const group = string("", "Name under which it reads.");

const postgresql = {
  dsn: secret("Address of PostgreSQL."),
  outbox_table_name: string("", "Table that is read."),
  num_partitions: int(1, count, "Parts of the table."),
  partition_select_limit: int(100, count, "Rows read at a time."),
  partition_poll_interval: duration(300, "How often."),
  partition_notification_channel: string("", "Channel of NOTIFY that wakes it."),
  partition_notification_dsn: secret("Address for that."),
  ...under("tls", tlsOptions),
  use_try_lock: bool(false, "Reads only parts that nobody else reads."),
} as const;

const kafka = {
  brokers: list([], "Addresses of Kafka."),
  topics: list([], "Topics that are read."),
  consumer_group: group,
  max_poll_records: int(100, count, "Messages read at a time."),
  fetch_max_bytes: int(0, count, "Bytes read at a time."),
  fetch_max_wait: duration(500, "How long to wait for them."),
  fetch_read_uncommitted: bool(false, "Reads what is not committed."),
  partition_queue_max_size: int(1_000, count, "Messages that wait for each part."),
  dial_timeout: duration(3_000, "How long connecting may take."),
  ...under("tls", tlsOptions),
  sasl_mechanism: string("", "How it proves itself."),
  sasl_user: string("", "User name there."),
  sasl_password: secret("Password there."),
  assume_role_arn: string("", "Role at AWS."),
  instance_id: string("", "Name of this member of the group."),
  method_header: method,
  ...publicationDataMode("header"),
} as const;

const natsJetstream = {
  url: { ...string("nats://127.0.0.1:4222", "Address of NATS."), kind: "secret" as const },
  credentials_file: string("", "File with its credentials."),
  username: string("", "User name there."),
  password: secret("Password there."),
  token: secret("Token there."),
  stream_name: string("", "Stream that is read."),
  use_existing_consumer: bool(false, "Reads as a consumer that is there already."),
  subjects: list([], "Subjects that are read."),
  durable_consumer_name: string("", "Name under which it reads."),
  deliver_policy: string("new", "Where it begins."),
  max_ack_pending: int(100, count, "Messages on their way at a time."),
  method_header: method,
  ...publicationDataMode("header"),
  ...under("tls", tlsOptions),
} as const;

const redisStream = {
  ...redisOptions,
  streams: list([], "Streams that are read."),
  consumer_group: group,
  visibility_timeout: duration(30_000, "How long a message belongs to one reader."),
  num_workers: int(1, count, "Readers."),
  payload_value: string("payload", "Where a message carries its data."),
  method_value: string("method", "Where a message names the method of the server API."),
  ...publicationDataMode("value"),
} as const;

const googlePubSub = {
  project_id: string("", "Project at Google Cloud."),
  subscriptions: list([], "Subscriptions that are read."),
  max_outstanding_messages: int(100, count, "Messages on their way at a time."),
  max_outstanding_bytes: int(1_000_000, count, "Bytes on their way at a time."),
  auth_mechanism: string("", "How it proves itself."),
  credentials_file: string("", "File with its credentials."),
  method_attribute: method,
  ...publicationDataMode("attribute"),
} as const;

const awsSqs = {
  queues: list([], "Addresses of the queues."),
  sns_envelope: bool(false, "Messages come out of SNS."),
  region: string("", "Region of AWS."),
  max_number_of_messages: int(10, count, "Messages read at a time."),
  wait_time_time: duration(20_000, "How long to wait for them."),
  visibility_timeout: duration(30_000, "How long a message belongs to one reader."),
  max_concurrency: int(1, count, "Messages worked on at a time."),
  credentials_profile: string("", "Profile of its credentials."),
  assume_role_arn: string("", "Role at AWS."),
  method_attribute: method,
  localstack_endpoint: string("", "Address of a stand-in."),
  ...publicationDataMode("attribute"),
} as const;

const azureServiceBus = {
  connection_string: secret("Address and key."),
  use_azure_identity: bool(false, "Proves itself by an identity instead."),
  fully_qualified_namespace: string("", "Name of the bus."),
  tenant_id: string("", "Tenant."),
  client_id: string("", "Application."),
  client_secret: secret("Its secret."),
  queues: list([], "Queues that are read."),
  use_sessions: bool(false, "Keeps the order of sessions."),
  max_concurrent_calls: int(1, count, "Messages worked on at a time."),
  max_receive_messages: int(1, count, "Messages read at a time."),
  method_property: method,
  ...publicationDataMode("property"),
} as const;

export const consumerOptions = {
  enabled: refused(
    bool(false, "Reads publications from a queue."),
    "let a small reader of that queue call the server API, with an idempotency_key for each message",
  ),
  type: string("", "Kind of the queue."),
  ...under("postgresql", postgresql),
  ...under("kafka", kafka),
  ...under("nats_jetstream", natsJetstream),
  ...under("redis_stream", redisStream),
  ...under("google_pub_sub", googlePubSub),
  ...under("aws_sqs", awsSqs),
  ...under("azure_service_bus", azureServiceBus),
} as const;
