import { bool, duration, int, list, oneOf, string, type ValueOf } from "../option.ts";
import { partOf, refused, under } from "../standing.ts";

/** Options of one namespace, Centrifugo's names: `channel.without_namespace.*` and each entry of `channel.namespaces`. */
const countMax = 1_000_000;
const count = { min: 1, max: countMax };
const whichProxy = "Which one: `default` is that of channel.proxy, others stand in `proxies`";

const mapOptions = under("map", {
  mode: oneOf(
    "",
    ["", "ephemeral", "recoverable", "persistent"],
    "`ephemeral` keeps keys for a time, `recoverable` their changes as well, `persistent` both for ever.",
  ),
  key_ttl: duration(0, "How long a key lives after it was last set."),
  stream_size: int(0, count, "Changes kept for catching up. Empty: 100 where the mode has them."),
  stream_ttl: duration(0, "How long they are kept. Empty: 1m where the mode has them."),
  meta_ttl: duration(0, "How long offset and epoch outlive them. Empty: ten times stream_ttl and at least key_ttl; persistent: for ever."),
  remove_client_on_unsubscribe: bool(false, "Takes a client's own key away when it leaves."),
  client_key: oneOf("", ["", "client_id", "user_id"], "Forces the key under which a client sets: its connection id or its user id."),
  allow_publish_for_client: bool(false, "A client with a user id may set keys."),
  allow_publish_for_subscriber: bool(false, "A subscriber may set keys."),
  allow_publish_for_anonymous: bool(false, "Widens the two rules above to clients without a user id."),
  allow_remove_for_client: bool(false, "A client with a user id may remove keys."),
  allow_remove_for_subscriber: bool(false, "A subscriber may remove keys."),
  allow_remove_for_anonymous: bool(false, "Widens the two rules above to clients without a user id."),
  publish_proxy_enabled: bool(false, "Asks the backend before a client sets a key."),
  publish_proxy_name: string("default", `${whichProxy}.`),
  remove_proxy_enabled: bool(false, "Asks the backend before a client removes a key."),
  remove_proxy_name: string("default", `${whichProxy}.`),
  default_page_size: int(0, count, "Keys a page of the state carries where the client does not say. Empty: 100."),
  min_page_size: int(0, count, "Fewest that a client may ask for. Empty: 100."),
  max_page_size: int(0, count, "Most that a client may ask for. Empty: 1000."),
  live_transition_max_publication_limit: int(0, count, "Changes read at most when a subscriber goes live. Empty: max_page_size."),
  subscribe_catch_up_timeout: duration(0, "How long a subscriber may take to go live (3008). Empty: 5s."),
});

const sharedPollOptions = under("shared_poll", {
  proxy_name: string("", "Who is asked for the values: empty is channel.proxy.shared_poll_refresh, others stand in `proxies`."),
  refresh_interval: duration(10_000, "How often."),
  refresh_batch_size: int(1_000, count, "Keys a request asks for at most."),
  max_keys_per_connection: int(5_000, count, "Keys one connection may follow (106)."),
  mode: oneOf("", ["", "versionless", "versioned"], "Whether the backend gives versions. Empty: versionless."),
  channel_shutdown_delay: duration(1_000, "How long a channel without followers is still asked for."),
  track_expired_extra_delay: duration(25_000, "How long a key is followed after its signature expired."),
  publish_enabled: bool(false, "Takes values from the server API as well. Needs versioned."),
});

export const namespaceOptions = {
  presence: bool(false, "Keeps who is subscribed, for presence requests."),
  join_leave: bool(false, "Says when a subscriber comes and goes."),
  force_push_join_leave: bool(false, "Sends join and leave to every subscriber, asked or not."),
  map_clients_presence_channel_prefix: string(
    "",
    "Shows subscribers, by connection, in the channel of this prefix and their channel's name.",
  ),
  map_users_presence_channel_prefix: string("", "The same by user."),
  history_size: int(0, count, "Newest publications kept readable. Needs history_ttl."),
  history_ttl: duration(0, "How long they stay readable after the last one. Needs history_size.", { wholeSeconds: true }),
  history_meta_ttl: duration(0, "How long offset and epoch outlive them; without it channel.history_meta_ttl.", { wholeSeconds: true }),
  force_positioning: bool(false, "Watches every subscriber's position in the stream."),
  allow_positioning: bool(false, "Watches it where the client asks."),
  force_recovery: bool(false, "Recovers missed publications for every subscriber. Needs history."),
  allow_recovery: bool(false, "Recovers them where the client asks."),
  force_recovery_mode: oneOf("", ["", "stream", "cache"], "`stream` recovers everything missed, `cache` the newest publication only."),
  auto_cache_recover: bool(false, "Brings the newest publication with every subscribe. Needs force_recovery and `cache`."),
  allowed_delta_types: list([], "Deltas that a subscriber may ask for: `fossil`."),
  allow_tags_filter: bool(false, "A subscriber may ask for some publications only, by their tags."),
  delta_publish: bool(false, "Treats every publication as one that may go out as a delta."),
  allow_subscribe_for_client: bool(false, "A client with a user id may subscribe."),
  allow_subscribe_for_anonymous: bool(false, "Widens the rule above to clients without a user id."),
  allow_publish_for_client: bool(false, "A client with a user id may publish."),
  allow_publish_for_subscriber: bool(false, "A subscriber may publish."),
  allow_publish_for_anonymous: bool(false, "Widens the two rules above to clients without a user id."),
  allow_presence_for_client: bool(false, "A client with a user id may read presence."),
  allow_presence_for_subscriber: bool(false, "A subscriber may read presence."),
  allow_presence_for_anonymous: bool(false, "Widens the two rules above to clients without a user id."),
  allow_history_for_client: bool(false, "A client with a user id may read history."),
  allow_history_for_subscriber: bool(false, "A subscriber may read history."),
  allow_history_for_anonymous: bool(false, "Widens the two rules above to clients without a user id."),
  allow_user_limited_channels: bool(false, "Channels like `news#42` are open to the users they name."),
  channel_regex: string("", "What the channel's name behind the namespace must match (RE2 syntax, not anchored)."),
  publication_data_format: oneOf(
    "",
    ["", "json", "json_object", "binary"],
    "What `data` must be; without it channel.publication_data_format.",
  ),
  subscribe_proxy_enabled: bool(false, "Asks before each subscribe: the backend, or the built-in policy `fleetcast`."),
  subscribe_proxy_name: string("default", `${whichProxy}, \`fleetcast\` is the built-in policy.`),
  publish_proxy_enabled: bool(false, "Asks the backend before a client's publication."),
  publish_proxy_name: string("default", `${whichProxy}.`),
  sub_refresh_proxy_enabled: bool(false, "Asks at the end of a subscription's time whether it may stay."),
  sub_refresh_proxy_name: string("default", `${whichProxy}, \`fleetcast\` is the built-in policy.`),
  subscribe_stream_proxy_enabled: refused(
    bool(false, "Subscribes to a gRPC stream of the backend."),
    "let the backend publish into the channel over the server API; subscribe_proxy_enabled decides who may subscribe",
    { values: [true], otherwise: "" },
  ),
  ...partOf("subscribe_stream_proxy_enabled", {
    subscribe_stream_proxy_name: string("default", `${whichProxy}.`),
    subscribe_stream_proxy_bidirectional: bool(false, "Passes a client's publications up the stream."),
  }),
  subscription_type: oneOf(
    "",
    ["", "stream", "map", "map_clients", "map_users", "shared_poll"],
    "What a channel holds: a stream of publications, keys and values, its subscribers by connection or user, or values that the backend is asked for. Empty: stream.",
  ),
  ...mapOptions,
  ...sharedPollOptions,
} as const;

export type NamespaceValues = { -readonly [K in keyof typeof namespaceOptions]: ValueOf<(typeof namespaceOptions)[K]> };

/** Ours, `push.channels.<namespace>.*`: beside Centrifugo's options, never among them. */
export const pushChannelOptions = {
  journal: bool(false, "Keeps the namespace in the journal: durable, and recovered after a restart. Needs history."),
  recovery_size: int(
    0,
    { min: 1, max: countMax },
    "How many publications a returning client may recover, where that is more than history_size.",
  ),
  history_default_limit: int(0, { min: 1, max: 1_000 }, "How many publications `history` without a limit answers over HTTP."),
  slow_readers: oneOf(
    "close",
    ["close", "catch_up", "latest"],
    "A subscriber that reads slower than is published: is closed (3008), gets what it missed from history, or the newest only.",
  ),
  max_rate: int(0, { min: 1, max: 1_000 }, "Publications a second that a subscriber is sent at most, the newest wins. Empty: all."),
  map_keys_max: int(
    1_000_000,
    { min: 1, max: countMax },
    "Keys that one channel of a map namespace may hold; setting one more is error 106.",
  ),
} as const;

export type PushChannelValues = { -readonly [K in keyof typeof pushChannelOptions]: ValueOf<(typeof pushChannelOptions)[K]> };
