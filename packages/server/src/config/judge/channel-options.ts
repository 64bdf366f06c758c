import { type ChannelOptions, defaultChannelOptions } from "@fleetcast/engine";
import type { NamespaceValues, PushChannelValues } from "../table/options/namespace.ts";
import type { OptionValues } from "../table/options.ts";
import { defaultName, policyName } from "./proxies.ts";

/** What the engine is told about a namespace, from what was written about it. */
export function channelOptionsOf(judged: NamespaceValues, push: PushChannelValues, values: OptionValues): ChannelOptions {
  const subscribeProxyName = judged.subscribe_proxy_enabled ? judged.subscribe_proxy_name : "";
  return {
    ...defaultChannelOptions,
    presence: judged.presence,
    joinLeave: judged.join_leave,
    forcePushJoinLeave: judged.force_push_join_leave,
    historySize: judged.history_size,
    historyTtlMs: judged.history_ttl,
    historyMetaTtlMs: judged.history_meta_ttl || values["channel.history_meta_ttl"],
    forcePositioning: judged.force_positioning,
    allowPositioning: judged.allow_positioning,
    forceRecovery: judged.force_recovery,
    allowRecovery: judged.allow_recovery,
    forceRecoveryMode: judged.force_recovery_mode,
    autoCacheRecover: judged.auto_cache_recover,
    allowedDeltaTypes: judged.allowed_delta_types?.includes("fossil") === true ? ["fossil"] : [],
    deltaPublish: judged.delta_publish,
    allowTagsFilter: judged.allow_tags_filter,
    allowSubscribeForClient: judged.allow_subscribe_for_client,
    allowSubscribeForAnonymous: judged.allow_subscribe_for_anonymous,
    allowPublishForClient: judged.allow_publish_for_client,
    allowPublishForSubscriber: judged.allow_publish_for_subscriber,
    allowPublishForAnonymous: judged.allow_publish_for_anonymous,
    allowPresenceForClient: judged.allow_presence_for_client,
    allowPresenceForSubscriber: judged.allow_presence_for_subscriber,
    allowPresenceForAnonymous: judged.allow_presence_for_anonymous,
    allowHistoryForClient: judged.allow_history_for_client,
    allowHistoryForSubscriber: judged.allow_history_for_subscriber,
    allowHistoryForAnonymous: judged.allow_history_for_anonymous,
    allowUserLimitedChannels: judged.allow_user_limited_channels,
    channelRegex: judged.channel_regex,
    publicationDataFormat: judged.publication_data_format || values["channel.publication_data_format"],
    subscribeProxyName,
    subRefreshProxyName: judged.sub_refresh_proxy_enabled ? judged.sub_refresh_proxy_name : ownRefresh(subscribeProxyName),
    publishProxyName: judged.publish_proxy_enabled ? judged.publish_proxy_name : "",
    subscriptionType: judged.subscription_type || "stream",
    mapClientsPresenceChannelPrefix: judged.map_clients_presence_channel_prefix,
    mapUsersPresenceChannelPrefix: judged.map_users_presence_channel_prefix,
    map: mapOptionsOf(judged, push.map_keys_max),
    sharedPoll: {
      proxyName: judged.subscription_type === "shared_poll" ? judged["shared_poll.proxy_name"] || defaultName : "",
      refreshIntervalMs: judged["shared_poll.refresh_interval"],
      refreshBatchSize: judged["shared_poll.refresh_batch_size"],
      keysPerConnectionMax: judged["shared_poll.max_keys_per_connection"],
      mode: judged["shared_poll.mode"] || "versionless",
      channelShutdownDelayMs: judged["shared_poll.channel_shutdown_delay"],
      trackExpiredExtraDelayMs: judged["shared_poll.track_expired_extra_delay"],
      publishEnabled: judged["shared_poll.publish_enabled"],
    },
    journal: push.journal,
    recoverySize: push.recovery_size,
    historyDefaultLimit: push.history_default_limit,
    slowReaders: push.slow_readers,
    ratePerSMax: push.max_rate,
  };
}

/** What the built-in policy let in, it renews. */
function ownRefresh(subscribeProxyName: string): string {
  return subscribeProxyName === policyName ? policyName : "";
}

/** What an empty option of a map means in its mode: the library's own values. */
function mapOptionsOf(judged: NamespaceValues, keysMax: number): ChannelOptions["map"] {
  const byDefault = defaultChannelOptions.map;
  const mode = judged["map.mode"];
  const hasStream = mode === "recoverable" || mode === "persistent";
  const streamTtlMs = judged["map.stream_ttl"] || (hasStream ? 60_000 : 0);
  const maxPageSize = judged["map.max_page_size"] || byDefault.maxPageSize;
  return {
    mode,
    keyTtlMs: judged["map.key_ttl"],
    streamSize: judged["map.stream_size"] || (hasStream ? 100 : 0),
    streamTtlMs,
    metaTtlMs: judged["map.meta_ttl"] || (mode === "recoverable" ? Math.max(10 * streamTtlMs, judged["map.key_ttl"]) : 0),
    removeClientOnUnsubscribe: judged["map.remove_client_on_unsubscribe"],
    clientKey: judged["map.client_key"],
    allowPublishForClient: judged["map.allow_publish_for_client"],
    allowPublishForSubscriber: judged["map.allow_publish_for_subscriber"],
    allowPublishForAnonymous: judged["map.allow_publish_for_anonymous"],
    allowRemoveForClient: judged["map.allow_remove_for_client"],
    allowRemoveForSubscriber: judged["map.allow_remove_for_subscriber"],
    allowRemoveForAnonymous: judged["map.allow_remove_for_anonymous"],
    publishProxyName: judged["map.publish_proxy_enabled"] ? judged["map.publish_proxy_name"] : "",
    removeProxyName: judged["map.remove_proxy_enabled"] ? judged["map.remove_proxy_name"] : "",
    defaultPageSize: judged["map.default_page_size"] || byDefault.defaultPageSize,
    minPageSize: judged["map.min_page_size"] || byDefault.minPageSize,
    maxPageSize,
    liveTransitionPublicationsMax: judged["map.live_transition_max_publication_limit"] || maxPageSize,
    subscribeCatchUpTimeoutMs: judged["map.subscribe_catch_up_timeout"] || byDefault.subscribeCatchUpTimeoutMs,
    keysMax,
  };
}
