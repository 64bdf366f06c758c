import { bool, bytes, duration, int, list, oneOf, secret, string, url } from "../option.ts";
import { pem } from "../option-compound.ts";
import { live, under } from "../standing.ts";
import { rateLimitOptions } from "./rate-limits.ts";

/** Fleetcast's own sections: devices, store, fleet, dashboard, and how the push part is chosen. */
const port = { min: 1, max: 65_535 };
const day = 86_400_000;

/** TLS of the embedded broker: a listener of its own beside the plain one. */
const mqttTlsOptions = {
  enabled: bool(false, "Listens for devices with TLS, too (MQTTS)."),
  address: string("", "Address of that listener. Empty: as mqtt.address."),
  port: int(8_883, port, "Its port."),
  only: bool(false, "Devices come in with TLS only: nothing listens on mqtt.port."),
  ...live({
    cert_pem: pem("Our certificate, with its chain."),
    key_pem: { ...pem("Private key of that certificate."), kind: "secret" as const },
    client_ca_pem: pem(
      "Authority that machines' certificates come from. Set, a machine may show one instead of a password: its common name is the machine's id.",
    ),
  }),
  client_certificates: oneOf(
    "required",
    ["required", "optional"],
    "With mqtt.tls.client_ca_pem: a machine must show a certificate, or may also come in with its password.",
  ),
} as const;

export const ownOptions = {
  data_dir: string("./fleetcast-data", "Folder of the store and of `secrets.json`. One process at a time."),

  "server.tls_in_front": bool(false, "States that TLS ends in front of Fleetcast: plain text beyond this machine is allowed then."),
  "server.insecure_beyond_loopback": bool(false, "States that an `insecure` key is meant although the server is open beyond this machine."),
  "server.hsts": bool(true, "Tells browsers to come back over HTTPS only, for a year, where our own TLS is open beyond this machine."),
  "server.private_networks": list(
    [],
    "Networks (such as `10.0.0.0/8`) that requests to backends and key sets may always go to. Without it a name that was public, or that a token took part in choosing, must lead to public addresses.",
  ),
  "server.api_body_max": bytes(1_048_576, { min: 1_024, max: 268_435_456 }, "Largest body of one `/api` request (413)."),

  "mqtt.enabled": bool(true, "Takes devices in. Without it Fleetcast is a push server, fed through `/api`."),
  "mqtt.broker": url("embedded", ["mqtt:", "mqtts:"], "`embedded`, or the address of a broker such as Mosquitto.", ["embedded"]),
  "mqtt.address": string("", "Address the embedded broker listens on. Empty: this machine only, 127.0.0.1 and ::1 both."),
  "mqtt.port": int(1_883, port, "Port of the embedded broker."),
  ...under("mqtt.tls", mqttTlsOptions),
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
  "push.centrifugo.proxy_url": url(
    "",
    ["http:", "https:"],
    "Address that it reaches our internal endpoints by, where it runs on another machine. Empty: this machine's.",
  ),
  "push.centrifugo.answer_timeout": duration(2_000, "How long a publish waits for it before `/api` answers that it will follow."),
  "push.centrifugo.proxy_secret": secret("What its proxies send to prove themselves. Without it one is made at the first start."),

  ...rateLimitOptions,

  "fleet.auto_register": bool(true, "A machine nobody added joins the fleet with its first message, where the broker let it in."),
  "auth.bearer": oneOf("read", ["read", "off"], "What tokens signed by your own backend may do: read the fleet, or nothing."),
  "auth.session_ttl": duration(12 * 3_600_000, "How long a login of the dashboard lasts."),
  "dashboard.enabled": bool(true, "Serves the dashboard at `/`."),
  "dashboard.public_url": url("", ["http:", "https:"], "Address people reach the dashboard by, where that is not this server's."),
} as const;
