import { bool, duration, int, oneOf, string, type ValueOf } from "./option.ts";

/**
 * Options of one namespace, Centrifugo's names: `channel.without_namespace.*` and each entry of `channel.namespaces[]`.
 * What a namespace of Centrifugo can have beside these stands in `not-honoured.ts`.
 */
const countMax = 1_000_000;

export const namespaceOptions = {
  presence: bool(false, "Keeps who is subscribed, for presence requests."),
  join_leave: bool(false, "Says when a subscriber comes and goes."),
  force_push_join_leave: bool(false, "Sends join and leave to every subscriber, asked or not."),
  history_size: int(0, { min: 0, max: countMax }, "Newest publications kept readable. Needs history_ttl."),
  history_ttl: duration(0, "How long they stay readable after the last one. Needs history_size.", { wholeSeconds: true }),
  history_meta_ttl: duration(0, "How long offset and epoch outlive them; without it channel.history_meta_ttl.", { wholeSeconds: true }),
  force_positioning: bool(false, "Watches every subscriber's position in the stream."),
  allow_positioning: bool(false, "Watches it where the client asks."),
  force_recovery: bool(false, "Recovers missed publications for every subscriber. Needs history."),
  allow_recovery: bool(false, "Recovers them where the client asks."),
  force_recovery_mode: oneOf("", ["", "stream", "cache"], "`stream` recovers everything missed, `cache` the newest publication only."),
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
  subscribe_proxy_enabled: bool(false, "Asks a policy before each subscribe. Only `fleetcast`, the built-in one, is there."),
  subscribe_proxy_name: string("default", "Name of that policy: `fleetcast`."),
} as const;

export type NamespaceValues = { -readonly [K in keyof typeof namespaceOptions]: ValueOf<(typeof namespaceOptions)[K]> };

/** Ours, `push.channels.<namespace>.*`: beside Centrifugo's options, never among them. */
export const pushChannelOptions = {
  journal: bool(false, "Keeps the namespace in the journal: durable, and recovered after a restart. Needs history."),
  recovery_size: int(
    0,
    { min: 0, max: countMax },
    "How many publications a returning client may recover, where that is more than history_size.",
  ),
  history_default_limit: int(0, { min: 0, max: 1_000 }, "How many publications `history` without a limit answers over HTTP."),
} as const;

export type PushChannelValues = { -readonly [K in keyof typeof pushChannelOptions]: ValueOf<(typeof pushChannelOptions)[K]> };
