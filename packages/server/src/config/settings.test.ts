import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadConfig } from "./load.ts";
import { ConfigError } from "./problems.ts";
import { readSettings, type Settings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetcast-config-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function settingsOf(
  text: string | Uint8Array | undefined,
  options: { extension?: string; environment?: Record<string, string>; strict?: boolean } = {},
): Settings {
  const config = text === undefined ? undefined : join(folder, `c${files++}.${options.extension ?? "yaml"}`);
  if (config !== undefined) writeFileSync(config, text!);
  return readSettings({ flags: { config }, environment: options.environment ?? {}, folder, strict: options.strict });
}

function refusalOf(...args: Parameters<typeof settingsOf>): string {
  try {
    settingsOf(...args);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  throw new Error("it was not refused");
}

test("without anything the document's values hold", () => {
  const { values, namespaces, source } = settingsOf(undefined);
  assert.equal(source, "defaults");
  assert.equal(values["http_server.port"], 8_000);
  assert.equal(values["http_api.handler_prefix"], "/api");
  assert.equal(values["websocket.handler_prefix"], "/connection/websocket");
  assert.deepEqual([...namespaces.keys()], ["telemetry", "events", "p_alert", "user_cmd", "fleet", "feed", "console_tail"]);
  const telemetry = namespaces.get("telemetry")!;
  assert.deepEqual(
    [telemetry.historySize, telemetry.recoverySize, telemetry.historyTtlMs, telemetry.historyDefaultLimit, telemetry.journal],
    [10, 300, 86_400_000, 10, true],
  );
  assert.equal(namespaces.get("fleet")?.journal, false);
  assert.equal(namespaces.get("user_cmd")?.subscribeProxyName, "fleetcast");
});

test("the environment wins over the file, and the file over the default", () => {
  const text = "client:\n  ping_interval: 30s\n  pong_timeout: 5s\n";
  const { values } = settingsOf(text, { environment: { CENTRIFUGO_CLIENT_PING_INTERVAL: "40s" } });
  assert.equal(values["client.ping_interval"], 40_000);
  assert.equal(values["client.pong_timeout"], 5_000);
  assert.equal(values["client.stale_close_delay"], 10_000);
});

test("YAML, JSON and TOML say the same, in any case of letters", () => {
  const yaml = settingsOf("HTTP_Server:\n  Port: 9000\n");
  const json = settingsOf('{"http_server":{"port":"9000"}}', { extension: "json" });
  const toml = settingsOf("[http_server]\nport = 9000\n", { extension: "toml" });
  for (const { values } of [yaml, json, toml]) assert.equal(values["http_server.port"], 9_000);
});

test("[K1] an unknown key or variable is a warning with the nearest name, and refused with --strict", () => {
  const { warnings } = settingsOf("client:\n  ping_intervall: 30s\n", { environment: { FLEETCAST_MQTT_PROT: "1" } });
  assert.match(warnings.join("\n"), /unknown key client\.ping_intervall; client\.ping_interval was meant\?/);
  assert.match(warnings.join("\n"), /unknown name FLEETCAST_MQTT_PROT; FLEETCAST_MQTT_PORT was meant\?/);
  assert.match(refusalOf("client:\n  ping_intervall: 30s\n", { strict: true }), /ping_intervall/);
});

test("[K1] what Kubernetes and others put into the environment is not warned about", () => {
  const environment = { FLEETCAST_SERVICE_HOST: "10.0.0.1", CENTRIFUGO_PORT_8000_TCP: "tcp://x", CENTRIFUGO_VAR_X: "1", PATH: "/bin" };
  assert.deepEqual(settingsOf(undefined, { environment }).warnings, []);
  // A service called fleetcast-mqtt, beside one called fleetcast.
  const links = {
    FLEETCAST_MQTT_PORT: "tcp://10.0.0.7:1883",
    FLEETCAST_PORT: "tcp://10.0.0.7:80",
    CENTRIFUGO_HTTP_SERVER_PORT: "tcp://10.0.0.8:80",
  };
  const { values, warnings } = settingsOf(undefined, { environment: links });
  assert.deepEqual([values["mqtt.port"], values["http_server.port"], warnings], [1_883, 8_000, []]);
});

test("[K2] every problem is told at once, each with file, key, value and what is expected", () => {
  const text = refusalOf("http_server:\n  port: abc\nclient:\n  ping_interval: soon\nmqtt: 5\n");
  assert.match(text, /c\d+\.yaml: http_server\.port = "abc": expected a whole number from 1 to 65535/);
  assert.match(text, /client\.ping_interval = "soon": expected a duration with its unit/);
  assert.match(text, /mqtt = 5: expected a section of keys/);
});

test("[K2] a key that stands there twice is refused in YAML, JSON and TOML", () => {
  assert.match(refusalOf("mqtt:\n  port: 1\n  port: 2\n"), /does not parse/);
  assert.match(refusalOf('{"mqtt":{"port":1},"x":"\\"a\\":","mqtt":{"port":2}}', { extension: "json" }), /"mqtt" stands there twice/);
  assert.match(refusalOf("[mqtt]\nport = 1\nport = 2\n", { extension: "toml" }), /does not parse/);
});

test("[K2] a namespace twice, without a name, with a boundary in it, or named like a part of every object is refused", () => {
  const namespaces = (list: unknown) => refusalOf(JSON.stringify({ channel: { namespaces: list } }), { extension: "json" });
  assert.match(namespaces([{ name: "news" }, { name: "news" }]), /stands there twice/);
  for (const name of ["a:b", "x", "__proto__", "constructor", "", 5]) assert.match(namespaces([{ name }]), /expected 2 or more letters/);
  assert.match(namespaces([5]), /expected a namespace with a name/);
});

test("[K2] what is no text, too large, a circle of links, or half a file is refused with one line", () => {
  assert.match(refusalOf(new Uint8Array([0x6d, 0xc3, 0x28])), /is not UTF-8/);
  assert.match(refusalOf(`# ${"x".repeat(1_100_000)}`), /at most 1048576/);
  assert.match(refusalOf('{"mqtt":{"po', { extension: "json" }), /does not parse/);
  assert.match(refusalOf("[1, 2]"), /must hold keys and values/);
  symlinkSync("loop.yaml", join(folder, "loop.yaml"));
  assert.throws(() => readSettings({ flags: { config: "loop.yaml" }, environment: {}, folder }), /cannot be read \(ELOOP\)/);
  assert.throws(() => readSettings({ flags: { config: "none.yaml" }, environment: {}, folder }), /cannot be read \(ENOENT\)/);
  assert.throws(() => readSettings({ flags: { config: "c.ini" }, environment: {}, folder }), ConfigError);
});

test("[K3] durations: Go's spelling; a bare number is nanoseconds with a warning below a millisecond", () => {
  for (const bad of ['"1e9h"', '"-5s"', "-5", '"10"', '"5 s"', "1.5", '"9999999h"']) {
    assert.match(refusalOf(`client:\n  stale_close_delay: ${bad}\n`), /client\.stale_close_delay/, bad);
  }
  const { values, warnings } = settingsOf("client:\n  stale_close_delay: 5000000000\n  pong_timeout: 900\n");
  assert.equal(values["client.stale_close_delay"], 5_000);
  assert.match(warnings.join("\n"), /client\.pong_timeout: a number without a unit means nanoseconds/);
  assert.equal(settingsOf('client: {stale_close_delay: "1h1m1.5s"}').values["client.stale_close_delay"], 3_661_500);
});

test("[K4] options that contradict each other are refused", () => {
  const one = (options: object) =>
    refusalOf(JSON.stringify({ channel: { namespaces: [{ name: "news", ...options }] } }), { extension: "json" });
  assert.match(one({ history_size: 5 }), /both history_size and history_ttl/);
  assert.match(one({ history_ttl: "5s" }), /both history_size and history_ttl/);
  assert.match(one({ force_recovery: true }), /recovery needs/);
  assert.match(one({ history_size: 5, history_ttl: "1500ms" }), /whole seconds/);
  assert.match(one({ history_size: 5, history_ttl: "10s", history_meta_ttl: "5s" }), /not be longer than history_meta_ttl/);
  assert.match(one({ channel_regex: "(?<=x)y" }), /RE2/);
  assert.match(refusalOf("client:\n  ping_interval: 5s\n  pong_timeout: 5s\n"), /must be longer than client\.pong_timeout/);
  assert.match(refusalOf("http_server:\n  internal_port: 8000\n"), /must differ/);
});

test("[K5] an explicit zero or empty text is the default, an empty variable is unset, BOM and CRLF are accepted", () => {
  const zero = settingsOf('client: {channel_limit: 0, ping_interval: "0s"}\nchannel: {namespace_boundary: ""}\n', {
    environment: { FLEETCAST_HTTP_SERVER_PORT: "" },
  });
  assert.equal(zero.values["client.channel_limit"], 128);
  assert.equal(zero.values["client.ping_interval"], 25_000);
  assert.equal(zero.values["channel.namespace_boundary"], ":");
  assert.equal(zero.values["http_server.port"], 8_000);
  assert.equal(settingsOf("\uFEFFmqtt:\r\n  port: 1884\r\n").values["mqtt.port"], 1_884);
});

test("[K5] the same key as FLEETCAST_ and as CENTRIFUGO_ with different values is refused, with the same value accepted", () => {
  const environment = { FLEETCAST_HTTP_API_KEY: "a", CENTRIFUGO_HTTP_API_KEY: "b" };
  assert.match(refusalOf(undefined, { environment }), /CENTRIFUGO_HTTP_API_KEY says something else/);
  assert.equal(settingsOf(undefined, { environment: { ...environment, CENTRIFUGO_HTTP_API_KEY: "a" } }).values["http_api.key"], "a");
});

test("[K10] an insecure key beyond this machine needs a second, explicit one", () => {
  const open = "http_server: {address: 0.0.0.0}\nserver: {tls_in_front: true}\n";
  assert.match(refusalOf(`${open}client: {insecure: true}\n`), /client\.insecure/);
  assert.equal(
    settingsOf("http_server: {address: 0.0.0.0}\nserver: {tls_in_front: true, insecure_beyond_loopback: true}\nclient: {insecure: true}\n")
      .values["client.insecure"],
    true,
  );
});

test("a log level in capitals is one, and fatal is the least that we have", () => {
  assert.deepEqual(
    ["INFO", "Warn", "fatal", "none"].map((level) => settingsOf(`log: {level: ${level}}\n`).values["log.level"]),
    ["info", "warn", "error", "none"],
  );
  assert.match(refusalOf("log: {level: loud}\n"), /log\.level = "loud": expected one of trace/);
});

test("plain text beyond this machine is refused until the operator says that TLS ends in front", () => {
  assert.match(refusalOf("http_server: {address: 0.0.0.0}\n"), /server\.tls_in_front/);
  assert.match(refusalOf("mqtt: {address: 0.0.0.0}\n"), /server\.tls_in_front/);
  const internal = "http_server: {internal_port: 9000, internal_address: 0.0.0.0}\n";
  assert.match(refusalOf(internal), /http_server\.internal_address.*server\.tls_in_front/);
  assert.match(refusalOf(`${internal}server: {tls_in_front: true}\nhttp_api: {insecure: true}\n`), /insecure_beyond_loopback/);
  assert.equal(settingsOf("http_server: {internal_address: 0.0.0.0}\n").values["http_server.internal_port"], 0, "no such door");
  assert.equal(settingsOf("http_server: {address: 127.0.0.2}\n").values["http_server.address"], "127.0.0.2");
});

test("[S2] devices without a credential are let in where TLS ends in front only if that is said: the proxy speaks for the world", () => {
  const openIn = (text: string) => settingsOf(text).values["mqtt.open_on_loopback"];
  assert.equal(openIn("mqtt: {port: 1884}\n"), true);
  assert.equal(openIn("server: {tls_in_front: true}\n"), false);
  const both = settingsOf("server: {tls_in_front: true}\nmqtt: {open_on_loopback: true}\n");
  assert.equal(both.values["mqtt.open_on_loopback"], true);
  assert.match(both.warnings.join("\n"), /mqtt\.open_on_loopback/);
});

test("keys of Centrifugo that we do not honour are refused in one list, with what to do, and only where they would change something", () => {
  const text = refusalOf(
    JSON.stringify({
      grpc_api: { enabled: true, port: 10_001 },
      engine: { type: "redis", redis: { address: ["redis://r:6379"] } },
      broker: { enabled: false, type: "nats" },
      webtransport: { enabled: false, handler_prefix: "/x" },
      proxies: [
        { name: "unused", endpoint: "grpc://backend:10000" },
        { name: "asked", endpoint: "grpc://backend:10000" },
      ],
      channel: {
        namespaces: [
          { name: "news", subscribe_proxy_enabled: true, subscribe_proxy_name: "asked" },
          { name: "streams", subscribe_stream_proxy_enabled: true },
        ],
      },
    }),
    { extension: "json" },
  );
  const lines = text.split("\n");
  const keys = [
    /: grpc_api\.enabled = true: not honoured by Fleetcast: call the HTTP API/,
    /: engine\.type = "redis": not honoured by Fleetcast: .*push\.engine/,
    /: channel\.namespaces\[1\] \(streams\)\.subscribe_stream_proxy_enabled = true: not honoured/,
    /: proxies \(asked\)\.endpoint: .*gRPC endpoint/,
  ];
  for (const key of keys) assert.equal(lines.filter((line) => key.test(line)).length, 1, `${key} in ${text}`);
  assert.equal(lines.length, keys.length, text);
});

test("a key that does nothing here is taken with a warning that says why, its default without one", () => {
  const { warnings } = settingsOf("websocket: {read_buffer_size: 512, use_write_buffer_pool: false}\nusage_stats: {disabled: false}\n");
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(warnings[0]!, /websocket\.read_buffer_size has no effect in Fleetcast: Bun has buffers/);
});

test("a file as Centrifugo's genconfig writes it starts unchanged", () => {
  const { warnings, values } = settingsOf(
    JSON.stringify({
      client: { token: { hmac_secret_key: "x".repeat(40) }, allowed_origins: ["http://localhost:3000"] },
      admin: { password: "p", secret: "s" },
      http_api: { key: "k" },
    }),
    { extension: "json" },
  );
  assert.deepEqual(warnings, []);
  assert.deepEqual(values["client.allowed_origins"], ["http://localhost:3000"]);
});

/** How a string map names a variable. */
const expanded = (variable: string): string => `\${${variable}}`;

test("named proxies, rpc namespaces and their options come from file and environment alike", () => {
  const { proxies, rpc, namespaces } = settingsOf(
    JSON.stringify({
      client: { proxy: { connect: { enabled: true, endpoint: "https://backend/connect", http_headers: ["X-User"], timeout: "3s" } } },
      channel: {
        proxy: { publish: { endpoint: "http://backend/publish" } },
        namespaces: [{ name: "news", publish_proxy_enabled: true, subscribe_proxy_enabled: true, subscribe_proxy_name: "own" }],
      },
      rpc: { namespaces: [{ name: "cart", proxy_enabled: true, proxy_name: "own" }], ping: { enabled: true } },
      proxies: [
        {
          name: "own",
          endpoint: "http://own",
          http: {
            static_headers: [{ key: "X-Key", value: `${expanded("CENTRIFUGO_VAR_KEY")}!` }],
            status_to_code_transforms: [{ status_code: 404, to_error: { code: 404, message: "no" } }],
          },
        },
      ],
    }),
    { extension: "json", environment: { CENTRIFUGO_VAR_KEY: "s3", CENTRIFUGO_PROXIES_OWN_TIMEOUT: "200ms" } },
  );
  assert.deepEqual([proxies.connect?.endpoint, proxies.connect?.timeoutMs], ["https://backend/connect", 3_000]);
  assert.deepEqual(proxies.connect?.httpHeaders, ["x-user"]);
  assert.equal(proxies.publish?.endpoint, "http://backend/publish");
  assert.equal(proxies.subscribe, undefined);
  const own = proxies.named.find((proxy) => proxy.name === "own")!;
  assert.deepEqual([own.timeoutMs, [...own.staticHeaders]], [200, [["X-Key", "s3!"]]]);
  assert.deepEqual(own.statusTransforms, [{ statusCode: 404, to: { kind: "error", code: 404, message: "no", temporary: false } }]);
  assert.deepEqual([rpc.namespaces.get("cart"), rpc.pingMethod, rpc.withoutNamespaceProxyName], ["own", "ping", ""]);
  assert.deepEqual([namespaces.get("news")?.publishProxyName, namespaces.get("news")?.subscribeProxyName], ["default", "own"]);
});

test("[K4] a proxy that is used must be there, have an endpoint, and a transform has one target", () => {
  const one = (tree: object) => refusalOf(JSON.stringify(tree), { extension: "json" });
  const news = (options: object) => ({ channel: { namespaces: [{ name: "news", ...options }] } });
  assert.match(one(news({ subscribe_proxy_name: "gone" })), /\(news\)\.subscribe_proxy_name: there is no proxy "gone"/);
  assert.match(one(news({ subscribe_proxy_enabled: true })), /channel\.proxy\.subscribe\.endpoint: a proxy that is used needs an endpoint/);
  assert.match(one({ proxies: [{ name: "own" }] }), /proxies\[0\] \(own\)\.endpoint: a proxy needs an endpoint/);
  assert.match(one({ proxies: [{ name: "default", endpoint: "http://x" }] }), /"default" is the name of those in channel\.proxy/);
  const transform = { status_code: 404, to_error: { code: 1 }, to_disconnect: { code: 4_000 } };
  const both = { client: { proxy: { connect: { http: { status_to_code_transforms: [transform] } } } } };
  assert.match(one(both), /status_to_code_transforms = .*\[0\] needs a code in to_error or in to_disconnect/);
  const missing = { client: { proxy: { connect: { http: { static_headers: { a: expanded("CENTRIFUGO_VAR_NONE") } } } } } };
  assert.match(one(missing), /there is no environment variable CENTRIFUGO_VAR_NONE/);
});

test("[K4] maps and shared polls: what their modes need and exclude", () => {
  const one = (options: object, more: object = {}) =>
    refusalOf(JSON.stringify({ channel: { namespaces: [{ name: "news", ...options }] }, ...more }), { extension: "json" });
  const map = (options: object) => one({ subscription_type: "map", map: options });
  assert.match(map({}), /map\.mode: a map needs a mode/);
  assert.match(map({ mode: "ephemeral" }), /map\.key_ttl: map\.mode ephemeral needs it/);
  assert.match(map({ mode: "ephemeral", key_ttl: "10s", stream_size: 5 }), /map\.stream_size: map\.mode ephemeral keeps no changes/);
  assert.match(map({ mode: "persistent", key_ttl: "10s" }), /map\.key_ttl: map\.mode persistent keeps keys for ever/);
  assert.match(map({ mode: "recoverable", key_ttl: "10s", meta_ttl: "30s" }), /map\.meta_ttl: must not be shorter than map\.stream_ttl/);
  assert.match(
    map({ mode: "persistent", min_page_size: 50, max_page_size: 20 }),
    /map\.min_page_size: must not be larger than map\.max_page/,
  );
  assert.match(
    one({ subscription_type: "map_users", map: { mode: "persistent" } }),
    /map\.mode: persistent would keep subscribers for ever/,
  );
  assert.match(one({ map_users_presence_channel_prefix: "none:" }), /there is no namespace "none"/);
  assert.match(one({ auto_cache_recover: true }), /auto_cache_recover: needs force_recovery/);
  assert.match(one({ allowed_delta_types: ["xdelta"] }), /"xdelta" is no delta type/);
  assert.match(one({ subscription_type: "shared_poll" }), /shared_poll needs shared_poll\.hmac_secret_key/);
  const poll = { shared_poll: { hmac_secret_key: "k" } };
  assert.match(one({ subscription_type: "shared_poll" }, poll), /channel\.proxy\.shared_poll_refresh\.endpoint/);
  const found = settingsOf(
    JSON.stringify({ channel: { namespaces: [{ name: "news", subscription_type: "map", map: { mode: "recoverable", key_ttl: "2h" } }] } }),
    { extension: "json" },
  ).namespaces.get("news")!;
  assert.deepEqual(
    [found.subscriptionType, found.map.streamSize, found.map.streamTtlMs, found.map.metaTtlMs],
    ["map", 100, 60_000, 7_200_000],
  );
});

test("namespaces come from the environment, too: as JSON, or as names with a variable for each option", () => {
  const json = { CENTRIFUGO_CHANNEL_NAMESPACES: '[{"name":"news","presence":true}]' };
  assert.equal(settingsOf(undefined, { environment: json }).namespaces.get("news")?.presence, true);
  const names = {
    CENTRIFUGO_CHANNEL_NAMESPACES: "news chat-room",
    CENTRIFUGO_CHANNEL_NAMESPACES_CHAT_ROOM_HISTORY_SIZE: "7",
    CENTRIFUGO_CHANNEL_NAMESPACES_CHAT_ROOM_HISTORY_TTL: "60s",
    FLEETCAST_PUSH_CHANNELS_CHAT_ROOM_JOURNAL: "true",
  };
  const found = settingsOf(undefined, { environment: names }).namespaces.get("chat-room");
  assert.deepEqual([found?.historySize, found?.historyTtlMs, found?.journal], [7, 60_000, true]);
});

test("[K1] a misspelt option of a namespace is told with the nearest one", () => {
  const text = JSON.stringify({ channel: { namespaces: [{ name: "news", presense: true }] } });
  assert.match(settingsOf(text, { extension: "json" }).warnings.join("\n"), /\(news\)\.presense; .*\(news\)\.presence was meant\?/);
});

test("a namespace that the file defines is used as written, and what devices say stays in the journal", () => {
  const text = JSON.stringify({ channel: { namespaces: [{ name: "telemetry", history_size: 3, history_ttl: "60s" }] } });
  const telemetry = settingsOf(text, { extension: "json" }).namespaces.get("telemetry")!;
  assert.deepEqual(
    [telemetry.historySize, telemetry.recoverySize, telemetry.presence, telemetry.subscribeProxyName, telemetry.journal],
    [3, 0, false, "", true],
  );
  assert.match(refusalOf("push: {channels: {telemetry: {journal: false}}}\n"), /goes through the journal/);
  const off = settingsOf("mqtt: {enabled: false}\n").namespaces;
  assert.deepEqual([...off.keys()], []);
});

test("[OPT1] what is only for streams is refused in a namespace of maps, with its key", () => {
  const map = { name: "maps", subscription_type: "map", map: { mode: "ephemeral", key_ttl: "60s" } };
  const withPush = (push: object) => JSON.stringify({ channel: { namespaces: [map] }, push: { channels: { maps: push } } });
  const refused = (push: object) => refusalOf(withPush(push), { extension: "json" });
  assert.match(refused({ journal: true }), /push\.channels\.maps\.journal is for streams, not for map/);
  assert.match(refused({ slow_readers: "latest" }), /push\.channels\.maps\.slow_readers is for streams, not for map/);
  assert.match(refused({ max_rate: 5 }), /push\.channels\.maps\.max_rate is for streams, not for map/);
  assert.equal(settingsOf(withPush({ map_keys_max: 5 }), { extension: "json" }).namespaces.get("maps")?.map.keysMax, 5);
});

test("[A5] secrets never stand in an error text, nor does the password of an address", () => {
  assert.ok(!refusalOf("http_api: {key: [geheim]}\n").includes("geheim"));
  assert.ok(!refusalOf("mqtt: {broker: 'http://me:geheim@host'}\n").includes("geheim"));
});

test("an unclosed glob in allowed_origins is refused; no list, an empty list and a list are three things", () => {
  assert.match(refusalOf('client: {allowed_origins: ["https://{a,b"]}\n'), /is not a glob/);
  assert.equal(settingsOf(undefined).values["client.allowed_origins"], undefined);
  assert.deepEqual(settingsOf("client: {allowed_origins: []}\n").values["client.allowed_origins"], []);
  const environment = { CENTRIFUGO_CLIENT_ALLOWED_ORIGINS: "https://a.example https://b.example" };
  assert.deepEqual(settingsOf(undefined, { environment }).values["client.allowed_origins"], ["https://a.example", "https://b.example"]);
});

test("the finished configuration is frozen to its leaves", () => {
  const { config } = loadConfig({ flags: { dataDir: join(folder, "frozen") }, environment: {}, folder }, false);
  assert.throws(() => {
    (config.http as { port: number }).port = 1;
  }, TypeError);
});

test("our own users' tokens get a key of their own where the configured ones cannot sign them", () => {
  const ownKeyOf = (client: string): string => {
    const config = join(folder, `own${files++}.yaml`);
    writeFileSync(config, `client:\n${client}`);
    return loadConfig({ flags: { config, dataDir: join(folder, `own-data${files}`) }, environment: {}, folder }).config.client.ownTokenKey;
  };
  const secret = "hmac_secret_key: a-secret-of-more-than-32-bytes-for-tests";
  assert.equal(ownKeyOf(`  token: { ${secret} }\n`), "");
  assert.equal(ownKeyOf(`  subscription_token: { enabled: true, ${secret} }\n`), "");
  assert.equal(ownKeyOf(`  subscription_token: { jwks_public_endpoint: "https://id.example.com/keys" }\n`), "", "off");
  for (const client of [
    `  token: { jwks_public_endpoint: "https://id.example.com/keys" }\n`,
    `  token: { ${secret}, issuer_regex: "^x$" }\n`,
    `  subscription_token: { enabled: true, ${secret}, audience_regex: "^x$" }\n`,
    `  subscription_token: { enabled: true, jwks_public_endpoint: "https://id.example.com/keys" }\n`,
    `  subscription_token: { enabled: true }\n`,
  ]) {
    assert.ok(ownKeyOf(client).length >= 43, client);
  }
});

test("a Centrifugo that verifies with keys of others is worth a warning: our own users get no live data from it", () => {
  const text = "push: { engine: centrifugo }\nclient: { token: { jwks_public_endpoint: 'https://id.example.com/keys' } }\n";
  assert.match(settingsOf(text).warnings.join("\n"), /people of the dashboard/);
  assert.doesNotMatch(settingsOf(text.replace("centrifugo", "embedded")).warnings.join("\n"), /people of the dashboard/);
});
