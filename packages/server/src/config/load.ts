import { hostname } from "node:os";
import { resolve } from "node:path";
import { noRpc } from "@fleetcast/engine";
import packageJson from "../../package.json" with { type: "json" };
import { ownFile } from "../runtime/own-files.ts";
import type { Config, ProxiesConfig, TokenConfig } from "./config.ts";
import type { OptionValues } from "./options.ts";
import { completeSecrets, type Secrets, type SecretsOnDisk } from "./secrets.ts";
import { readSettings, type Settings, type Sources } from "./settings.ts";

export const version: string = packageJson.version;

export interface Loaded {
  readonly config: Config;
  readonly settings: Settings;
  readonly warnings: readonly string[];
  readonly secretsFile: string;
  /** Secrets that this start made; they are shown once. */
  readonly secretsMade: SecretsOnDisk["made"];
}

/**
 * Reads, checks, completes and freezes the configuration. `writeSecrets` false leaves the disk as it is (`checkconfig`).
 * @throws ConfigError with every problem at once.
 */
export function loadConfig(sources: Sources, writeSecrets = true): Loaded {
  const settings = readSettings(sources);
  const dataDir = resolve(sources.folder, settings.values["data_dir"]);
  const onDisk = completeSecrets(settings, dataDir, writeSecrets);
  return {
    config: buildConfig(settings, onDisk.secrets, dataDir, sources.folder),
    settings,
    warnings: [...settings.warnings, ...onDisk.warnings],
    secretsFile: onDisk.file,
    secretsMade: onDisk.made,
  };
}

function buildConfig(settings: Settings, secrets: Secrets, dataDir: string, folder: string): Config {
  const v = settings.values;
  const apiKey = v["http_api.key"] || (secrets.api_key ?? "");
  const file = (name: string): string => (name === "" ? "" : resolve(folder, name));
  return deepFreeze({
    source: settings.source,
    dataDir,
    http: {
      address: v["http_server.address"],
      port: v["http_server.port"],
      internalAddress: v["http_server.internal_address"] || v["http_server.address"],
      internalPort: v["http_server.internal_port"],
      tlsInFront: v["server.tls_in_front"],
    },
    api: {
      disabled: v["http_api.disabled"],
      handlerPrefix: withoutSlash(v["http_api.handler_prefix"]),
      key: apiKey,
      insecure: v["http_api.insecure"],
      external: v["http_api.external"],
      errorMode: v["http_api.error_mode"],
      bodyBytesMax: v["server.api_body_max"],
    },
    client: {
      allowedOrigins: v["client.allowed_origins"],
      token: tokenConfig("client.token", v, secrets.token_hmac_secret_key ?? ""),
      subscriptionToken: v["client.subscription_token.enabled"]
        ? { enabled: true as const, ...tokenConfig("client.subscription_token", v, "") }
        : { enabled: false as const },
      insecureSkipTokenSignatureVerify: false,
      ownTokenKey: "",
    },
    sharedPoll: { hmacSecretKey: "", hmacPreviousSecretKey: "", hmacPreviousSecretKeyValidUntilS: 0 },
    proxies: noProxies,
    engine: engineOptions(settings),
    websocket: {
      disabled: v["websocket.disabled"],
      handlerPrefix: withoutSlash(v["websocket.handler_prefix"]),
      messageBytesMax: v["websocket.message_size_limit"],
    },
    mqtt: {
      enabled: v["mqtt.enabled"],
      broker: v["mqtt.broker"],
      address: v["mqtt.address"],
      port: v["mqtt.port"],
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
    admin: { enabled: true },
    health: { handlerPrefix: withoutSlash(v["health.handler_prefix"]) },
    secrets: { metaKey: secrets.meta_key ?? "", sessionKey: secrets.session_key ?? "" },
    log: { level: v["log.level"], file: file(v["log.file"]) },
    shutdownLimitMs: v["shutdown.timeout"],
  });
}

function engineOptions(settings: Settings): Config["engine"] {
  const v = settings.values;
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
    channelLimit: v["client.channel_limit"],
    userConnectionLimit: v["client.user_connection_limit"],
    queueBytesMax: v["client.queue_max_size"],
    historyPublicationsMax: v["client.history_max_publication_limit"],
    recoveryPublicationsMax: v["client.recovery_max_publication_limit"],
    concurrency: 0,
    channelPositionTimeLagMsMax: 0,
    personalChannel: undefined,
    connectErrorDisconnects: undefined,
    rpc: noRpc,
    sharedPollConcurrency: 64,
    version: `${version} Fleetcast`,
    nodeName: v["node.name"] || `${hostname()}_${v["http_server.port"]}`,
  };
}

const noProxies: ProxiesConfig = {
  connect: undefined,
  refresh: undefined,
  subscribe: undefined,
  subRefresh: undefined,
  publish: undefined,
  mapPublish: undefined,
  mapRemove: undefined,
  sharedPollRefresh: undefined,
  rpc: undefined,
  named: [],
};

function tokenConfig(section: "client.token" | "client.subscription_token", v: OptionValues, made: string): TokenConfig {
  return {
    hmacSecretKey: v[`${section}.hmac_secret_key`] || made,
    hmacPreviousSecretKey: "",
    hmacPreviousSecretKeyValidUntilS: 0,
    rsaPublicKey: v[`${section}.rsa_public_key`],
    ecdsaPublicKey: "",
    jwksPublicEndpoint: "",
    insecureSkipJwksEndpointSafetyCheck: false,
    audience: v[`${section}.audience`],
    audienceRegex: "",
    issuer: v[`${section}.issuer`],
    issuerRegex: "",
    userIdClaim: v[`${section}.user_id_claim`],
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
