import { hostname } from "node:os";
import { resolve } from "node:path";
import { ownFile } from "../runtime/own-files.ts";
import type { Config, EndpointConfig, StreamConfig, TokenConfig, UniStreamConfig, WebSocketConfig } from "./config.ts";
import { limit, rateLimits } from "./rate-limits.ts";
import { needsOwnTokenKey, type Secrets } from "./secrets.ts";
import type { Settings } from "./settings.ts";
import { tokenOptions } from "./table/options/client.ts";
import type { OptionValues } from "./table/options.ts";
import { slice } from "./table/slice.ts";
import type { TraceExportConfig } from "./tracing-environment.ts";

/** The configuration as the rooms see it, from judged settings and the secrets that complete them. Frozen to its leaves. */
export function buildConfig(
  settings: Settings,
  secrets: Secrets,
  dataDir: string,
  folder: string,
  version: string,
  traces: TraceExportConfig,
): Config {
  const v = settings.values;
  const file = (name: string): string => (name === "" ? "" : resolve(folder, name));
  const apiKey = v["http_api.key"] || (secrets.api_key ?? "");
  return deepFreeze({
    source: settings.source,
    dataDir,
    http: {
      address: v["http_server.address"],
      port: v["http_server.port"],
      internalAddress: v["http_server.internal_address"] || v["http_server.address"],
      internalPort: v["http_server.internal_port"],
      tlsInFront: v["server.tls_in_front"],
      tls: settings.tls,
      tlsExternal: v["http_server.tls_external"],
      internalTls: settings.internalTls,
      hsts: v["server.hsts"],
    },
    api: {
      disabled: v["http_api.disabled"],
      handlerPrefix: withoutSlash(v["http_api.handler_prefix"]),
      key: apiKey,
      insecure: v["http_api.insecure"],
      external: v["http_api.external"],
      errorMode: v["http_api.error_mode"],
      bodyBytesMax: v["server.api_body_max"],
      rateLimit: limit(v["push.rate_limits.api_per_minute"], v["push.rate_limits.burst"]),
    },
    client: {
      allowedOrigins: v["client.allowed_origins"],
      token: tokenConfig("client.token", v, secrets.token_hmac_secret_key ?? ""),
      subscriptionToken: v["client.subscription_token.enabled"]
        ? { enabled: true as const, ...tokenConfig("client.subscription_token", v, "") }
        : { enabled: false as const },
      insecureSkipTokenSignatureVerify: v["client.insecure_skip_token_signature_verify"],
      ownTokenKey: needsOwnTokenKey(v) ? (secrets.own_token_key ?? "") : "",
      userIdHttpHeader: v["client.user_id_http_header"].toLowerCase(),
      connectionsMax: v["client.connection_limit"],
      connectionsPerSMax: v["client.connection_rate_limit"],
    },
    engine: engineOptions(settings, version),
    proxies: settings.proxies,
    outgoing: { privateNetworks: v["server.private_networks"] ?? [] },
    sharedPoll: {
      hmacSecretKey: v["shared_poll.hmac_secret_key"],
      hmacPreviousSecretKey: v["shared_poll.hmac_previous_secret_key"],
      hmacPreviousSecretKeyValidUntilS: v["shared_poll.hmac_previous_secret_key_valid_until"],
    },
    websocket: { disabled: v["websocket.disabled"], ...webSocket("websocket", v) },
    httpStream: stream("http_stream", v),
    sse: stream("sse", v),
    emulation: { handlerPrefix: withoutSlash(v["emulation.handler_prefix"]), bodyBytesMax: v["emulation.max_request_body_size"] },
    uniWebsocket: {
      enabled: v["uni_websocket.enabled"],
      ...webSocket("uni_websocket", v),
      disableClosingHandshake: v["uni_websocket.disable_closing_handshake"],
      disableDisconnectPush: v["uni_websocket.disable_disconnect_push"],
      joinPushMessages: v["uni_websocket.join_push_messages"],
    },
    uniSse: uniStream("uni_sse", v),
    uniHttpStream: uniStream("uni_http_stream", v),
    init: endpoint("init", v),
    mqtt: {
      enabled: v["mqtt.enabled"],
      broker: v["mqtt.broker"],
      address: v["mqtt.address"],
      port: v["mqtt.port"],
      tls: settings.mqttTls,
      openOnLoopback: v["mqtt.open_on_loopback"],
      username: v["mqtt.username"],
      password: v["mqtt.password"],
      caFile: file(v["mqtt.ca_file"]),
      clientId: v["mqtt.client_id"],
      packetBytesMax: v["mqtt.packet_max"],
      inflightMax: v["mqtt.inflight_max"],
    },
    storage: {
      keepTelemetryMs: v["storage.keep.telemetry"],
      keepEventsMs: v["storage.keep.events"],
      keepDeadLettersMax: v["storage.keep.dead_letters"],
    },
    push: {
      engine: v["push.engine"],
      centrifugo: {
        url: v["push.centrifugo.url"].replace(/\/+$/, ""),
        apiKey: v["push.centrifugo.api_key"] || apiKey,
        publicUrl: v["push.centrifugo.public_url"],
        proxyUrl: v["push.centrifugo.proxy_url"].replace(/\/+$/, ""),
        answerTimeoutMs: v["push.centrifugo.answer_timeout"],
        proxySecret: v["push.centrifugo.proxy_secret"] || (secrets.proxy_secret ?? ""),
      },
    },
    fleet: { autoRegister: v["fleet.auto_register"] },
    auth: { bearer: v["auth.bearer"], sessionTtlMs: v["auth.session_ttl"] },
    dashboard: {
      enabled: v["dashboard.enabled"],
      publicUrl: v["dashboard.public_url"],
      dir: ownFile("packages/dashboard/dist"),
    },
    admin: {
      ...endpoint("admin", v),
      password: v["admin.password"],
      secret: v["admin.secret"],
      insecure: v["admin.insecure"],
      external: v["admin.external"],
      webPath: file(v["admin.web_path"]),
      webProxyAddress: v["admin.web_proxy_address"],
    },
    prometheus: {
      ...endpoint("prometheus", v),
      instrumentHttpHandlers: v["prometheus.instrument_http_handlers"],
      recoveredPublicationsHistogram: v["prometheus.recovered_publications_histogram"],
    },
    swagger: endpoint("swagger", v),
    debug: endpoint("debug", v),
    openTelemetry: { enabled: v["opentelemetry.enabled"], api: v["opentelemetry.api"], traces },
    health: { handlerPrefix: withoutSlash(v["health.handler_prefix"]) },
    secrets: { metaKey: secrets.meta_key ?? "", sessionKey: secrets.session_key ?? "" },
    log: { level: v["log.level"], file: file(v["log.file"]) },
    shutdownLimitMs: v["shutdown.timeout"],
    pidFile: file(v["pid_file"]),
  });
}

function engineOptions(settings: Settings, version: string): Config["engine"] {
  const v = settings.values;
  const personal = "client.subscribe_to_user_personal_channel";
  const toDisconnect = "client.connect_code_to_unidirectional_disconnect";
  return {
    withoutNamespace: settings.withoutNamespace,
    namespaces: settings.namespaces,
    namespaceBoundary: v["channel.namespace_boundary"],
    privatePrefix: v["channel.private_prefix"],
    userBoundary: v["channel.user_boundary"],
    userSeparator: v["channel.user_separator"],
    channelLengthBytesMax: v["channel.max_length"],
    allowAnonymousConnectWithoutToken: v["client.allow_anonymous_connect_without_token"],
    disallowAnonymousConnectionTokens: v["client.disallow_anonymous_connection_tokens"],
    insecure: v["client.insecure"],
    connectIncludeServerTime: v["client.connect_include_server_time"],
    pingIntervalMs: v["client.ping_interval"],
    pongTimeoutMs: v["client.pong_timeout"],
    staleCloseDelayMs: v["client.stale_close_delay"],
    expiredCloseDelayMs: v["client.expired_close_delay"],
    expiredSubCloseDelayMs: v["client.expired_sub_close_delay"],
    presenceUpdateIntervalMs: v["client.presence_update_interval"],
    channelPositionCheckDelayMs: v["client.channel_position_check_delay"],
    channelPositionTimeLagMsMax: v["client.channel_position_max_time_lag"],
    channelLimit: v["client.channel_limit"],
    userConnectionLimit: v["client.user_connection_limit"],
    queueBytesMax: v["client.queue_max_size"],
    historyPublicationsMax: v["client.history_max_publication_limit"],
    recoveryPublicationsMax: v["client.recovery_max_publication_limit"],
    concurrency: v["client.concurrency"],
    personalChannel: v[`${personal}.enabled`]
      ? { namespace: v[`${personal}.personal_channel_namespace`], singleConnection: v[`${personal}.single_connection`] }
      : undefined,
    connectErrorDisconnects: v[`${toDisconnect}.enabled`]
      ? new Map(v[`${toDisconnect}.transforms`].map(({ code, disconnect }) => [code, disconnect]))
      : undefined,
    rpc: settings.rpc,
    rateLimits: rateLimits(v),
    sharedPollConcurrency: v["shared_poll.concurrency_limit"],
    version: `${version} Fleetcast`,
    nodeName: v["node.name"] || `${hostname()}_${v["http_server.port"]}`,
  };
}

function tokenConfig(section: "client.token" | "client.subscription_token", v: OptionValues, made: string): TokenConfig {
  const token = slice(v, section, tokenOptions);
  return {
    hmacSecretKey: token.hmac_secret_key || made,
    hmacPreviousSecretKey: token.hmac_previous_secret_key,
    hmacPreviousSecretKeyValidUntilS: token.hmac_previous_secret_key_valid_until,
    rsaPublicKey: token.rsa_public_key,
    ecdsaPublicKey: token.ecdsa_public_key,
    jwksPublicEndpoint: token.jwks_public_endpoint,
    audience: token.audience,
    audienceRegex: token.audience_regex,
    issuer: token.issuer,
    issuerRegex: token.issuer_regex,
    userIdClaim: token.user_id_claim,
    insecureSkipJwksEndpointSafetyCheck: token.insecure_skip_jwks_endpoint_safety_check,
  };
}

function webSocket(section: "websocket" | "uni_websocket", v: OptionValues): WebSocketConfig {
  const messageBytesMax = v[`${section}.message_size_limit`];
  return {
    handlerPrefix: withoutSlash(v[`${section}.handler_prefix`]),
    compression: v[`${section}.compression`] ? { aboveBytes: v[`${section}.compression_min_size`] } : undefined,
    messageBytesMax,
    writeTimeoutMs: v[`${section}.write_timeout`],
    decompressedMessageBytesMax: v[`${section}.decompressed_message_size_limit`] || 10 * messageBytesMax,
  };
}

type EndpointSection = "http_stream" | "sse" | "uni_sse" | "uni_http_stream" | "init" | "admin" | "prometheus" | "swagger" | "debug";

function endpoint(section: EndpointSection, v: OptionValues): EndpointConfig {
  return { enabled: v[`${section}.enabled`], handlerPrefix: withoutSlash(v[`${section}.handler_prefix`]) };
}

function stream(section: "http_stream" | "sse" | "uni_sse" | "uni_http_stream", v: OptionValues): StreamConfig {
  return { ...endpoint(section, v), bodyBytesMax: v[`${section}.max_request_body_size`] };
}

function uniStream(section: "uni_sse" | "uni_http_stream", v: OptionValues): UniStreamConfig {
  const responses = v[`${section}.connect_code_to_http_response.transforms`];
  return {
    ...stream(section, v),
    connectCodeToHttpResponse: v[`${section}.connect_code_to_http_response.enabled`]
      ? new Map(responses.map(({ code, statusCode, body }) => [code, { statusCode, body }]))
      : undefined,
  };
}

/** A trailing slash is stripped, as Centrifugo does; `/` alone serves at the root. */
function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !(value instanceof Map) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
