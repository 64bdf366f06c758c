/**
 * Keys that Centrifugo v6 knows and Fleetcast does not honour yet. A file may carry them with the values they have there by
 * default; anything else is refused, all of them in one message, so that nobody runs on a setting that does nothing.
 */

/** Sections that Centrifugo switches by `<section>.enabled`: while that is off, everything inside has no effect there either. */
const gatedSections: readonly string[] = [
  "http_server.tls",
  "http_server.tls_autocert",
  "http_server.internal_tls",
  "http_server.http3",
  "http_server.tls_external",
  "broker",
  "presence_manager",
  "controller",
  "client.proxy.connect",
  "client.proxy.refresh",
  "client.subscribe_to_user_personal_channel",
  "client.connect_code_to_unidirectional_disconnect",
  "rpc.ping",
  "grpc_api",
  "sse",
  "http_stream",
  "webtransport",
  "uni_sse",
  "uni_http_stream",
  "uni_websocket",
  "uni_grpc",
  "admin",
  "prometheus",
  "swagger",
  "debug",
  "init",
  "opentelemetry",
  "graphite",
];

/** Sections that only another key could bring to life, and that key is itself refused or not there. */
const idleSections: readonly string[] = ["engine.redis", "channel.proxy", "map_broker", "shared_poll", "rpc.proxy"];

/** Single keys and the value that changes nothing. */
const leaves: Readonly<Record<string, unknown>> = {
  "client.token.hmac_previous_secret_key": "",
  "client.token.hmac_previous_secret_key_valid_until": 0,
  "client.token.ecdsa_public_key": "",
  "client.token.jwks_public_endpoint": "",
  "client.token.audience_regex": "",
  "client.token.issuer_regex": "",
  "client.token.insecure_skip_jwks_endpoint_safety_check": false,
  "client.subscription_token.hmac_previous_secret_key": "",
  "client.subscription_token.hmac_previous_secret_key_valid_until": 0,
  "client.subscription_token.ecdsa_public_key": "",
  "client.subscription_token.jwks_public_endpoint": "",
  "client.subscription_token.audience_regex": "",
  "client.subscription_token.issuer_regex": "",
  "client.subscription_token.insecure_skip_jwks_endpoint_safety_check": false,
  "client.channel_position_max_time_lag": "0s",
  "client.connection_limit": 0,
  "client.connection_rate_limit": 0,
  "client.insecure_skip_token_signature_verify": false,
  "client.user_id_http_header": "",
  "http_server.h2c_external": false,
  "map_broker.type": "memory",
  "rpc.without_namespace.proxy_enabled": false,
  "rpc.without_namespace.proxy_name": "default",
  "rpc.namespaces": [],
  "rpc.namespace_boundary": ":",
  proxies: [],
  consumers: [],
  "emulation.handler_prefix": "/emulation",
  "emulation.max_request_body_size": 65_536,
  pid_file: "",
  enable_unreleased_features: false,
};

/** Keys that tune what we do in another way; a value is taken with a warning that it has no effect. */
const harmless: Readonly<Record<string, unknown>> = {
  "client.concurrency": 0,
  "websocket.compression": false,
  "websocket.compression_min_size": 0,
  "websocket.compression_level": 1,
  "websocket.read_buffer_size": 0,
  "websocket.use_write_buffer_pool": false,
  "websocket.write_buffer_size": 0,
  "websocket.write_timeout": "1s",
  "websocket.decompressed_message_size_limit": 0,
  "usage_stats.disabled": false,
  "node.info_metrics_aggregate_interval": "1m0s",
};

/** Options of a namespace, each with the value that changes nothing. */
const namespaceLeaves: Readonly<Record<string, unknown>> = {
  map_clients_presence_channel_prefix: "",
  map_users_presence_channel_prefix: "",
  auto_cache_recover: false,
  allowed_delta_types: [],
  allow_tags_filter: false,
  delta_publish: false,
  publish_proxy_enabled: false,
  publish_proxy_name: "default",
  sub_refresh_proxy_enabled: false,
  sub_refresh_proxy_name: "default",
  subscribe_stream_proxy_enabled: false,
  subscribe_stream_proxy_name: "default",
  subscribe_stream_proxy_bidirectional: false,
  subscription_type: "",
};

export type Standing =
  /** Not one of Centrifugo's keys, or one that the table declares. */
  | "unknown"
  /** Without effect there, too. */
  | "idle"
  | "harmless"
  | "refused";

/** How a key that the table does not declare stands. */
export function standing(path: string, value: unknown): Standing {
  if (path in leaves) return changesNothing(value, leaves[path]) ? "idle" : "refused";
  if (path in harmless) return changesNothing(value, harmless[path]) ? "idle" : "harmless";
  const gate = gatedSections.find((section) => path.startsWith(`${section}.`) || path === section);
  if (gate !== undefined) {
    // What an enabled section is told beside is not listed: its `enabled` is what is refused.
    return path === `${gate}.enabled` && !changesNothing(value, false) ? "refused" : "idle";
  }
  return idleSections.some((section) => path.startsWith(`${section}.`)) ? "idle" : "unknown";
}

/** The same for an option inside a namespace. */
export function namespaceStanding(option: string, value: unknown): Standing {
  if (option.startsWith("map.") || option.startsWith("shared_poll.") || option === "map" || option === "shared_poll") return "idle";
  if (!(option in namespaceLeaves)) return "unknown";
  if (option.endsWith("_name") || option.endsWith("_bidirectional")) return "idle";
  if (option === "subscription_type" && value === "stream") return "idle";
  return changesNothing(value, namespaceLeaves[option]) ? "idle" : "refused";
}

/** All names, for the nearest one to a misspelt key. */
export const namesNotHonoured: readonly string[] = [
  ...Object.keys(leaves),
  ...Object.keys(harmless),
  ...gatedSections.map((section) => `${section}.enabled`),
];

export const namespaceNamesNotHonoured: readonly string[] = Object.keys(namespaceLeaves);

function changesNothing(value: unknown, initial: unknown): boolean {
  if (value === null || value === "" || value === 0 || value === false) return true;
  if (value === "0" || value === "false" || value === "0s") return true;
  if (Array.isArray(value)) return value.length === 0;
  return value === initial;
}

/** The path that an environment variable's name (without its prefix) means inside the sections above. */
export function pathNotHonoured(name: string): string | undefined {
  const whole = namesNotHonoured.find((path) => path.toUpperCase().replaceAll(".", "_") === name);
  if (whole !== undefined) return whole;
  for (const section of [...gatedSections, ...idleSections]) {
    const start = `${section.toUpperCase().replaceAll(".", "_")}_`;
    if (name.startsWith(start)) return `${section}.${name.slice(start.length).toLowerCase()}`;
  }
  return undefined;
}
