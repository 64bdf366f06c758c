import { bool, bytes, duration, int, list, oneOf, secret, string, url, type ValueOf } from "./option.ts";

/**
 * The table: every key of the configuration with its type, default, unit and sentence. Files, environment, `--help`, error
 * texts and docs/configuration.md come out of it. Keys of Centrifugo v6 keep their names and defaults; keys of our own stand
 * in sections of our own.
 */
const port = { min: 1, max: 65_535 };
const day = 86_400_000;
const prefix = { pattern: /^\//, expected: "a path that begins with /" };

export const centrifugoOptions = {
  "http_server.address": string("", "Address the HTTP server listens on. Empty: this machine only, 127.0.0.1 and ::1 both."),
  "http_server.port": int(8_000, port, "Port of WebSocket, `/api`, `/v1` and the dashboard."),
  "http_server.internal_address": string("", "Address of the internal endpoints. Empty: as http_server.address."),
  "http_server.internal_port": int(0, port, "Port of its own for `/api`, `/admin`, health and proxy endpoints. Empty: http_server.port."),
  "http_api.disabled": bool(false, "Takes `/api` away."),
  "http_api.handler_prefix": string("/api", "Path of the server API.", prefix),
  "http_api.key": secret("Key of the server API. Without it one is made at the first start."),
  "http_api.insecure": bool(false, "Answers `/api` without a key."),
  "http_api.external": bool(false, "Keeps `/api` on http_server.port although an internal port is set."),
  "http_api.error_mode": oneOf("", ["", "transport"], "`transport` puts the errors of the API into the HTTP status."),
  "websocket.disabled": bool(false, "Takes the WebSocket endpoint away."),
  "websocket.handler_prefix": string("/connection/websocket", "Path of the WebSocket endpoint.", prefix),
  "websocket.message_size_limit": bytes(
    65_536,
    { min: 128, max: 16_777_216 },
    "Largest message a client may send; a larger one closes with 1009.",
  ),
  "health.enabled": bool(true, "Health is always answered; the key is read because existing files carry it."),
  "health.handler_prefix": string("/health", "Path that answers 200 `{}` while the process lives.", prefix),
  "log.level": oneOf("info", ["trace", "debug", "info", "warn", "error", "none"], "What is written to the log."),
  "log.file": string("", "File the log goes to. Empty: standard output."),
  "shutdown.timeout": duration(30_000, "Time that draining may take after SIGTERM."),
  "node.name": string("", "Name of this node in `info`. Empty: `<host name>_<port>`."),
  "engine.type": oneOf("memory", ["memory"], "Where namespaces outside the journal live."),

  "client.allowed_origins": list(
    undefined,
    "Origins that may connect, as globs. The server's own origin always may; absent: loopback origins, too.",
  ),
  "client.token.hmac_secret_key": secret(
    "Key of connection tokens signed with HS256, HS384, HS512. Without any key one is made at the first start.",
  ),
  "client.token.rsa_public_key": string("", "Public key (PEM) of connection tokens signed with RS256, RS384, RS512."),
  "client.token.audience": string("", "What `aud` of a token must be or contain."),
  "client.token.issuer": string("", "What `iss` of a token must be."),
  "client.token.user_id_claim": string("", "Claim that carries the user id. Empty: `sub`."),
  "client.subscription_token.enabled": bool(false, "Verifies subscription tokens with the keys below instead of client.token's."),
  "client.subscription_token.hmac_secret_key": secret("As client.token.hmac_secret_key, for subscription tokens."),
  "client.subscription_token.rsa_public_key": string("", "As client.token.rsa_public_key, for subscription tokens."),
  "client.subscription_token.audience": string("", "As client.token.audience, for subscription tokens."),
  "client.subscription_token.issuer": string("", "As client.token.issuer, for subscription tokens."),
  "client.subscription_token.user_id_claim": string("", "As client.token.user_id_claim, for subscription tokens."),
  "client.allow_anonymous_connect_without_token": bool(false, "A client may connect without a token, as nobody."),
  "client.disallow_anonymous_connection_tokens": bool(false, "Refuses tokens without a user id."),
  "client.insecure": bool(false, "Connects without tokens and allows everything. For development."),
  "client.connect_include_server_time": bool(false, "Puts the server's time into the connect reply."),
  "client.ping_interval": duration(25_000, "How often the server pings a client. Longer than client.pong_timeout."),
  "client.pong_timeout": duration(8_000, "How long it waits for the answer before it closes with 3012."),
  "client.stale_close_delay": duration(10_000, "How long a socket may wait with its connect command (3502)."),
  "client.expired_close_delay": duration(25_000, "How long an expired connection may take to refresh (3005)."),
  "client.expired_sub_close_delay": duration(25_000, "How long an expired subscription may take to refresh."),
  "client.presence_update_interval": duration(27_000, "How often presence, positions and subscription expiry are looked at."),
  "client.channel_position_check_delay": duration(40_000, "How long a position may stay unchecked."),
  "client.channel_limit": int(128, { min: 1, max: 1_000_000 }, "Channels one connection may subscribe to (106, 3505)."),
  "client.user_connection_limit": int(0, { min: 0, max: 1_000_000 }, "Connections one user may have (3504). Empty: any number."),
  "client.queue_max_size": bytes(
    1_048_576,
    { min: 1_024, max: 268_435_456 },
    "Unsent bytes a connection may hold before it is closed as slow (3008).",
  ),
  "client.history_max_publication_limit": int(
    300,
    { min: 1, max: 1_000_000 },
    "Publications one history request of a client answers at most.",
  ),
  "client.recovery_max_publication_limit": int(
    300,
    { min: 1, max: 1_000_000 },
    "Publications one recovery brings at most; more missed is not recovered.",
  ),

  "channel.history_meta_ttl": duration(30 * day, "How long offset and epoch outlive a channel's publications.", { wholeSeconds: true }),
  "channel.max_length": int(255, { min: 1, max: 4_096 }, "Longest channel name, in bytes."),
  "channel.private_prefix": string("$", "Channels that begin so need a subscription token."),
  "channel.namespace_boundary": string(":", "What ends the namespace in a channel's name."),
  "channel.user_boundary": string("#", "What begins the user ids in a channel's name."),
  "channel.user_separator": string(",", "What stands between two user ids there."),
  "channel.publication_data_format": oneOf("", ["", "json", "json_object", "binary"], "What `data` must be in namespaces that do not say."),
} as const;

export const ownOptions = {
  data_dir: string("./fleetcast-data", "Folder of the store and of `secrets.json`. One process at a time."),

  "server.tls_in_front": bool(false, "States that TLS ends in front of Fleetcast: plain text beyond this machine is allowed then."),
  "server.insecure_beyond_loopback": bool(false, "States that an `insecure` key is meant although the server is open beyond this machine."),
  "server.api_body_max": bytes(1_048_576, { min: 1_024, max: 268_435_456 }, "Largest body of one `/api` request (413)."),

  "mqtt.enabled": bool(true, "Takes devices in. Without it Fleetcast is a push server, fed through `/api`."),
  "mqtt.broker": url("embedded", ["mqtt:", "mqtts:"], "`embedded`, or the address of a broker such as Mosquitto.", ["embedded"]),
  "mqtt.address": string("", "Address the embedded broker listens on. Empty: this machine only, 127.0.0.1 and ::1 both."),
  "mqtt.port": int(1_883, port, "Port of the embedded broker."),
  "mqtt.open_on_loopback": bool(
    true,
    "On this machine a device without a credential may come in under its user name. With `server.tls_in_front` only where this is set.",
  ),
  "mqtt.username": string("", "User name at an external broker."),
  "mqtt.password": secret("Password at an external broker."),
  "mqtt.ca_file": string("", "PEM file of the authority that signed an external broker's certificate. Empty: the system's."),
  "mqtt.client_id": string("fleetcast", "Client id at an external broker; it keeps the session, so it must stay.", {
    pattern: /^[A-Za-z0-9_-]{1,64}$/,
    expected: "1 to 64 letters, digits, - or _",
  }),
  "mqtt.packet_max": bytes(262_144, { min: 1_024, max: 16_777_216 }, "Largest packet of a device."),
  "mqtt.inflight_max": int(2_000, { min: 1, max: 65_535 }, "Unacknowledged messages taken from an external broker at once."),

  "storage.keep.telemetry": duration(7 * day, "How long readings are kept."),
  "storage.keep.events": duration(180 * day, "How long events are kept."),
  "storage.keep.dead_letters": int(10_000, { min: 1, max: 10_000_000 }, "How many refused messages are kept."),

  "push.engine": oneOf("embedded", ["embedded", "centrifugo"], "Who serves the clients: Fleetcast itself, or a real Centrifugo v6."),
  "push.centrifugo.url": url("http://127.0.0.1:8001", ["http:", "https:"], "Address of its HTTP API, without `/api`."),
  "push.centrifugo.api_key": secret("Its `http_api.key`. Empty: the same as http_api.key."),
  "push.centrifugo.public_url": url(
    "",
    ["ws:", "wss:", "http:", "https:"],
    "Address that browsers reach it by. Empty: the dashboard's own host.",
  ),
  "push.centrifugo.answer_timeout": duration(2_000, "How long a publish waits for it before `/api` answers that it will follow."),
  "push.centrifugo.proxy_secret": secret("What its proxies send to prove themselves. Without it one is made at the first start."),

  "fleet.auto_register": bool(true, "A machine nobody added joins the fleet with its first message, where the broker let it in."),
  "auth.bearer": oneOf("read", ["read", "off"], "What tokens signed by your own backend may do: read the fleet, or nothing."),
  "auth.session_ttl": duration(12 * 3_600_000, "How long a login of the dashboard lasts."),
  "dashboard.enabled": bool(true, "Serves the dashboard at `/`."),
  "dashboard.public_url": url("", ["http:", "https:"], "Address people reach the dashboard by, where that is not this server's."),
} as const;

export const options = { ...centrifugoOptions, ...ownOptions } as const;

export type OptionPath = keyof typeof options;
export type OptionValues = { [K in OptionPath]: ValueOf<(typeof options)[K]> };
