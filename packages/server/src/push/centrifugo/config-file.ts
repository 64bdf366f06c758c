import type { ChannelOptions } from "@fleetcast/engine";
import { policyProxyName } from "../../auth/subscribe-policy.ts";
import { certificateName } from "../../config/certificates.ts";
import type { Config, TokenConfig } from "../../config/config.ts";
import type { Written } from "../../config/settings.ts";
import { internalRoutesTls } from "../../lifecycle/certificates/internal-tls.ts";
import { merged, passedOn } from "./passed-on.ts";
import { proxySecretHeader, subRefreshProxyPath, subscribeProxyPath } from "./proxy-routes.ts";

/**
 * The file that a real Centrifugo v6 is started with (`centrifugo -c`): what our own push part is configured to be, in
 * Centrifugo's keys, whatever else the operator wrote for clients, channels and its cluster, and the proxies that ask us
 * (design N6, N8). It holds secrets: the keys of the server API, of the tokens and of the proxies.
 */
export function centrifugoConfig(config: Config, written?: Written): string {
  return `${JSON.stringify(merged(passedOn(written), tree(config)), undefined, 2)}\n`;
}

/** Proxies to one policy: Centrifugo knows one address per proxy, so each of our two questions is a proxy of its own. */
const refreshSuffix = "_refresh";

function tree(config: Config) {
  const { engine } = config;
  return {
    http_server: httpServer(config),
    http_api: { key: config.push.centrifugo.apiKey },
    health: { enabled: true },
    usage_stats: { disabled: true },
    log: { level: "info" },
    shutdown: { timeout: duration(config.shutdownLimitMs) },
    websocket: { disabled: config.websocket.disabled, message_size_limit: config.websocket.messageBytesMax },
    client: client(config),
    channel: {
      max_length: engine.channelLengthBytesMax,
      private_prefix: engine.privatePrefix,
      namespace_boundary: engine.namespaceBoundary,
      user_boundary: engine.userBoundary,
      user_separator: engine.userSeparator,
      without_namespace: namespace(engine.withoutNamespace),
      namespaces: Array.from(engine.namespaces, ([name, options]) => ({ name, ...namespace(options) })),
    },
    proxies: proxies(config),
  };
}

/**
 * Centrifugo listens where `push.centrifugo.url` says: on loopback when that is the name, else on every interface of its host;
 * with TLS and our certificate where that is an https address.
 */
function httpServer(config: Config) {
  const { protocol, hostname, port } = new URL(config.push.centrifugo.url);
  const isSecure = protocol === "https:";
  const { tls } = config.http;
  const address = hostname === "localhost" ? "127.0.0.1" : hostname.replace(/^\[|\]$/g, "");
  const isLoopback = address === "::1" || /^127\./.test(address);
  return {
    ...(isLoopback ? { address } : {}),
    port: port === "" ? (isSecure ? 443 : 80) : Number(port),
    ...(isSecure && tls !== undefined ? { tls: { enabled: true, cert_pem: tls.certPem, key_pem: tls.keyPem } } : {}),
  };
}

function client(config: Config) {
  const { engine, client: tokens } = config;
  return {
    allowed_origins: allowedOrigins(config),
    token: token(tokens.token),
    ...(tokens.subscriptionToken.enabled ? { subscription_token: { enabled: true, ...token(tokens.subscriptionToken) } } : {}),
    allow_anonymous_connect_without_token: engine.allowAnonymousConnectWithoutToken,
    disallow_anonymous_connection_tokens: engine.disallowAnonymousConnectionTokens,
    insecure: engine.insecure,
    insecure_skip_token_signature_verify: tokens.insecureSkipTokenSignatureVerify,
    connect_include_server_time: engine.connectIncludeServerTime,
    ping_interval: duration(engine.pingIntervalMs),
    pong_timeout: duration(engine.pongTimeoutMs),
    stale_close_delay: duration(engine.staleCloseDelayMs),
    expired_close_delay: duration(engine.expiredCloseDelayMs),
    expired_sub_close_delay: duration(engine.expiredSubCloseDelayMs),
    presence_update_interval: duration(engine.presenceUpdateIntervalMs),
    channel_position_check_delay: duration(engine.channelPositionCheckDelayMs),
    channel_limit: engine.channelLimit,
    user_connection_limit: engine.userConnectionLimit,
    queue_max_size: engine.queueBytesMax,
    history_max_publication_limit: engine.historyPublicationsMax,
    recovery_max_publication_limit: engine.recoveryPublicationsMax,
  };
}

/** Behind one host name a browser's origin is the dashboard's; without a public address, loopback pages may connect. */
function allowedOrigins(config: Config): readonly string[] {
  const { publicUrl } = config.dashboard;
  const origins = new Set(config.client.allowedOrigins ?? []);
  if (publicUrl !== "") origins.add(new URL(publicUrl).origin);
  else if (config.client.allowedOrigins === undefined) {
    for (const host of ["localhost", "127.0.0.1", "\\[::1\\]"]) {
      for (const scheme of ["http", "https"]) origins.add(`${scheme}://${host}`).add(`${scheme}://${host}:*`);
    }
  }
  return [...origins];
}

function token(config: TokenConfig) {
  return {
    hmac_secret_key: config.hmacSecretKey,
    hmac_previous_secret_key: config.hmacPreviousSecretKey,
    hmac_previous_secret_key_valid_until: config.hmacPreviousSecretKeyValidUntilS,
    rsa_public_key: config.rsaPublicKey,
    ecdsa_public_key: config.ecdsaPublicKey,
    jwks_public_endpoint: config.jwksPublicEndpoint,
    insecure_skip_jwks_endpoint_safety_check: config.insecureSkipJwksEndpointSafetyCheck,
    audience: config.audience,
    audience_regex: config.audienceRegex,
    issuer: config.issuer,
    issuer_regex: config.issuerRegex,
    user_id_claim: config.userIdClaim,
  };
}

/** Zero means "the default" to Centrifugo, so options at their zero are simply written. */
function namespace(options: ChannelOptions) {
  // Another proxy is the operator's own and is passed on as it was written.
  const proxied = options.subscribeProxyName === policyProxyName;
  return {
    presence: options.presence,
    join_leave: options.joinLeave,
    force_push_join_leave: options.forcePushJoinLeave,
    // A client recovers from what Centrifugo keeps: its history is our recovery window.
    history_size: Math.max(options.historySize, options.recoverySize),
    history_ttl: seconds(options.historyTtlMs),
    ...(options.historyMetaTtlMs > 0 ? { history_meta_ttl: seconds(options.historyMetaTtlMs) } : {}),
    force_positioning: options.forcePositioning,
    allow_positioning: options.allowPositioning,
    force_recovery: options.forceRecovery,
    allow_recovery: options.allowRecovery,
    force_recovery_mode: options.forceRecoveryMode,
    allow_subscribe_for_client: options.allowSubscribeForClient,
    allow_subscribe_for_anonymous: options.allowSubscribeForAnonymous,
    // A client's publication would reach Centrifugo beside the journal, unstored: refused there (103) rather than half done.
    allow_publish_for_client: options.allowPublishForClient && !options.journal,
    allow_publish_for_subscriber: options.allowPublishForSubscriber && !options.journal,
    allow_publish_for_anonymous: options.allowPublishForAnonymous && !options.journal,
    ...(options.journal ? { publish_proxy_enabled: false } : {}),
    allow_presence_for_client: options.allowPresenceForClient,
    allow_presence_for_subscriber: options.allowPresenceForSubscriber,
    allow_presence_for_anonymous: options.allowPresenceForAnonymous,
    allow_history_for_client: options.allowHistoryForClient,
    allow_history_for_subscriber: options.allowHistoryForSubscriber,
    allow_history_for_anonymous: options.allowHistoryForAnonymous,
    allow_user_limited_channels: options.allowUserLimitedChannels,
    channel_regex: options.channelRegex,
    publication_data_format: options.publicationDataFormat,
    ...(options.subscriptionType === "stream" ? {} : { subscription_type: options.subscriptionType }),
    ...(options.map.mode === "" ? {} : { map: map(options.map) }),
    map_clients_presence_channel_prefix: options.mapClientsPresenceChannelPrefix,
    map_users_presence_channel_prefix: options.mapUsersPresenceChannelPrefix,
    ...(proxied
      ? {
          subscribe_proxy_enabled: true,
          subscribe_proxy_name: options.subscribeProxyName,
          sub_refresh_proxy_enabled: true,
          sub_refresh_proxy_name: `${options.subscribeProxyName}${refreshSuffix}`,
        }
      : {}),
  };
}

/** Sizes and times of changes are what our own maps have, too: nothing is left to Centrifugo's defaults. */
function map(options: ChannelOptions["map"]) {
  return {
    mode: options.mode,
    key_ttl: duration(options.keyTtlMs),
    stream_size: options.streamSize,
    stream_ttl: duration(options.streamTtlMs),
    meta_ttl: duration(options.metaTtlMs),
    remove_client_on_unsubscribe: options.removeClientOnUnsubscribe,
    client_key: options.clientKey,
    allow_publish_for_client: options.allowPublishForClient,
    allow_publish_for_subscriber: options.allowPublishForSubscriber,
    allow_publish_for_anonymous: options.allowPublishForAnonymous,
    allow_remove_for_client: options.allowRemoveForClient,
    allow_remove_for_subscriber: options.allowRemoveForSubscriber,
    allow_remove_for_anonymous: options.allowRemoveForAnonymous,
    default_page_size: options.defaultPageSize,
    min_page_size: options.minPageSize,
    max_page_size: options.maxPageSize,
    live_transition_max_publication_limit: options.liveTransitionPublicationsMax,
    subscribe_catch_up_timeout: duration(options.subscribeCatchUpTimeoutMs),
  };
}

function proxies(config: Config) {
  const all = [config.engine.withoutNamespace, ...config.engine.namespaces.values()];
  const names = new Set(all.map((options) => options.subscribeProxyName).filter((name) => name === policyProxyName));
  const base = config.push.centrifugo.proxyUrl || internalAddress(config);
  return [...names].flatMap((name) => [
    proxy(config, name, `${base}${subscribeProxyPath}`),
    proxy(config, `${name}${refreshSuffix}`, `${base}${subRefreshProxyPath}`),
  ]);
}

/** Where our internal routes speak TLS: whom Centrifugo trusts there, and what it shows where it is asked. */
function proxyTls(config: Config) {
  const tls = internalRoutesTls(config.http);
  if (tls === undefined) return {};
  const shown = tls.clientCaPem === "" ? {} : { cert_pem: tls.certPem, key_pem: tls.keyPem };
  const authority = tls.serverCaPem === "" ? {} : { server_ca_pem: tls.serverCaPem };
  return { tls: { enabled: true, ...authority, server_name: tls.serverName || certificateName(tls.certPem), ...shown } };
}

function proxy(config: Config, name: string, endpoint: string) {
  return {
    name,
    endpoint,
    timeout: "1s",
    include_connection_meta: true,
    http: { static_headers: { [proxySecretHeader]: config.push.centrifugo.proxySecret }, ...proxyTls(config) },
  };
}

/** Where our internal routes listen, as Centrifugo on this host reaches them. */
function internalAddress(config: Config): string {
  const { http } = config;
  const given = http.internalPort === 0 ? http.address : http.internalAddress || http.address;
  const address = given === "" || given === "0.0.0.0" || given === "::" ? "127.0.0.1" : given;
  const host = address.includes(":") ? `[${address}]` : address;
  return `${internalRoutesTls(http) === undefined ? "http" : "https"}://${host}:${http.internalPort === 0 ? http.port : http.internalPort}`;
}

/** Whole milliseconds as a Go duration. */
function duration(ms: number): string {
  return `${ms}ms`;
}

/** `history_ttl` and `history_meta_ttl` must be whole seconds; a shorter rest rounds up, so that nothing ends early. */
function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)}s`;
}
