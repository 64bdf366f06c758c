import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { testAuthority } from "../outgoing/testing/authority.ts";
import { ConfigError } from "./problems.ts";
import { readSettings, type Settings } from "./settings.ts";

/** Table K of the bad inputs, and what mutation makes of right files: refused with its place, or accepted; never anything else. */
const folder = mkdtempSync(join(tmpdir(), "fleetcast-bad-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function read(text: string | Uint8Array, extension: string, environment: Record<string, string> = {}): Settings {
  const config = join(folder, `c${files++}.${extension}`);
  writeFileSync(config, text);
  return readSettings({ flags: { config }, environment, folder });
}

function refusal(...args: Parameters<typeof read>): string {
  try {
    read(...args);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  throw new Error("it was not refused");
}

const inJson = (tree: unknown, environment?: Record<string, string>): string => refusal(JSON.stringify(tree), "json", environment);

test("[CFG3] a key in other letters is the same key: twice is refused; a key with dots in it is a path", () => {
  assert.match(refusal('{"client":{"Insecure":true,"insecure":false}}', "json"), /client\.insecure: stands there twice/);
  assert.match(refusal('{"client":{"insecure":true},"CLIENT":{"insecure":false}}', "json"), /client\.insecure: stands there twice/);
  assert.equal(read('{"http_server.port":9001}', "json").values["http_server.port"], 9_001);
});

test("[CFG5] names of the environment are added to the file's entries, JSON replaces them, a variable reaches each entry", () => {
  const file = JSON.stringify({ channel: { namespaces: [{ name: "news", presence: true }] }, mqtt: { enabled: false } });
  const added = read(file, "json", { CENTRIFUGO_CHANNEL_NAMESPACES: "chat  room-1", FLEETCAST_CHANNEL_NAMESPACES_ROOM_1_PRESENCE: "t" });
  assert.deepEqual([...added.namespaces.keys()], ["news", "chat", "room-1"]);
  assert.deepEqual([added.namespaces.get("news")?.presence, added.namespaces.get("room-1")?.presence], [true, true]);
  const replaced = read(file, "json", {
    CENTRIFUGO_CHANNEL_NAMESPACES: '[{"name":"chat"}]',
    CENTRIFUGO_CHANNEL_NAMESPACES_NEWS_PRESENCE: "0",
  });
  assert.deepEqual([...replaced.namespaces.keys()], ["chat"]);
  assert.match(replaced.warnings.join("\n"), /NAMESPACES_NEWS_PRESENCE: unknown name; there is no entry/);
  assert.match(refusal(file, "json", { CENTRIFUGO_CHANNEL_NAMESPACES: "news" }), /this name stands there twice/);
  assert.match(refusal(file, "json", { CENTRIFUGO_CHANNEL_NAMESPACES: "[{]" }), /expected a list of objects, each with a name/);
  assert.match(refusal(file, "json", { CENTRIFUGO_CHANNEL_NAMESPACES_NEWS_NAME: "olds" }), /an entry keeps its name/);
  assert.match(read(file, "json", { CENTRIFUGO_CHANNEL_NAMESPACES_NEWS_PRESENSE: "1" }).warnings.join("\n"), /has no such option/);
});

test("[K1] with --strict a variable or a section of ours that belongs to nothing is refused, too", () => {
  const strict = (text: string, environment: Record<string, string>) => {
    const config = join(folder, `c${files++}.yaml`);
    writeFileSync(config, text);
    return () => readSettings({ flags: { config }, environment, folder, strict: true });
  };
  assert.throws(
    strict("{}", { CENTRIFUGO_PROXIES_GONE_TIMEOUT: "1s" }),
    /--strict: environment CENTRIFUGO_PROXIES_GONE_TIMEOUT: unknown name/,
  );
  assert.throws(strict("push: {channels: {gone: {max_rate: 4}}}", {}), /--strict: push\.channels\.gone: there is no such namespace/);
});

test("[CFG4] both prefixes name the entry's option, too: different values are refused", () => {
  const file = JSON.stringify({ channel: { namespaces: [{ name: "news" }] } });
  const both = { FLEETCAST_CHANNEL_NAMESPACES_NEWS_PRESENCE: "true", CENTRIFUGO_CHANNEL_NAMESPACES_NEWS_PRESENCE: "false" };
  assert.match(refusal(file, "json", both), /CENTRIFUGO_CHANNEL_NAMESPACES_NEWS_PRESENCE says something else/);
});

test("[CFG9] texts as Go reads them, in the file and in the environment", () => {
  const port = (text: string) => read("{}", "json", { CENTRIFUGO_HTTP_SERVER_PORT: text }).values["http_server.port"];
  assert.deepEqual(["0x1F90", "8_080", "0o17700", "0b1111100100000", "+9000", ""].map(port), [8_080, 8_080, 8_128, 7_968, 9_000, 8_000]);
  const insecure = (value: unknown) => read(JSON.stringify({ client: { insecure: value } }), "json").values["client.insecure"];
  assert.deepEqual(["t", "TRUE", 1, "0", "F", "", null, 0].map(insecure), [true, true, true, false, false, false, false, false]);
  for (const value of ["yes", "tRUE", 5, [], {}]) assert.match(inJson({ client: { insecure: value } }), /expected true or false/);
  for (const value of ["abc", 1.5, "1e3", true, [8_000], "80 80", "0x", 70_000, -1]) {
    assert.match(inJson({ http_server: { port: value } }), /http_server\.port = .*expected a whole number/, String(value));
  }
});

test("[K3] a duration in the environment needs its unit, in a file a bare number is nanoseconds", () => {
  assert.match(refusal("{}", "json", { CENTRIFUGO_CLIENT_PING_INTERVAL: "30000000000" }), /expected a duration with its unit/);
  assert.equal(read('{"client":{"ping_interval":30000000000}}', "json").values["client.ping_interval"], 30_000);
});

test("[CFG10] a negative limit is the largest one, with a warning, where Centrifugo reads it as none", () => {
  const { values, warnings } = read(
    '{"client":{"channel_limit":-1,"queue_max_size":-1,"connection_limit":-1},"sse":{"max_request_body_size":-5}}',
    "json",
  );
  assert.deepEqual(
    [
      values["client.channel_limit"],
      values["client.queue_max_size"],
      values["client.connection_limit"],
      values["sse.max_request_body_size"],
    ],
    [1_000_000, 268_435_456, 0, 65_536],
  );
  assert.equal(warnings.length, 2, warnings.join("\n"));
  assert.match(warnings[0]!, /client\.channel_limit: a negative number means no limit to Centrifugo; here it means 1000000/);
});

test("[K6] a regular expression that would take for ever elsewhere, and Go's named groups, are accepted", () => {
  const news = (channel_regex: string) => ({ channel: { namespaces: [{ name: "news", channel_regex }] } });
  for (const pattern of ["^(a+)+$", "^(?P<year>\\d{4})$", "\\pL+", "(?i)abc", "a{1000}"]) {
    const found = read(JSON.stringify(news(pattern)), "json").namespaces.get("news");
    assert.equal(found?.channelRegex, pattern);
  }
  for (const pattern of ["(", "(?=x)", "\\1", "a{1001}", "[z-a]"]) assert.match(inJson(news(pattern)), /RE2 syntax/, pattern);
  assert.match(inJson({ client: { token: { issuer_regex: "(" } } }), /client\.token\.issuer_regex = .*RE2 syntax/);
  assert.match(inJson({ client: { token: { issuer_regex: "a", issuer: "a" } } }), /excludes client\.token\.issuer/);
});

const authority = testAuthority();
const withoutOpenssl = authority === undefined ? "openssl is not installed: NOT TESTED" : false;

test("[K7] [CFG8] a key file that is missing, unreadable or no key is refused; one that everybody may read is told", {
  skip: withoutOpenssl,
}, () => {
  const tls = (cert: string, key: string) => ({ http_server: { tls: { enabled: true, cert_pem: cert, key_pem: key } } });
  const { cert, key } = authority!.certificate("localhost");
  writeFileSync(join(folder, "open.key"), key, { mode: 0o644 });
  writeFileSync(join(folder, "no.key"), "nothing", { mode: 0o600 });
  assert.match(
    inJson(tls("gone.pem", "no.key")),
    /cert_pem: .*nor a file that can be read \(ENOENT\)\n.*key_pem: the file holds no PEM text/,
  );
  assert.match(inJson(tls("", "")), /needs its certificate and its key/);
  const { tls: end, warnings } = read(JSON.stringify(tls(cert, "open.key")), "json");
  assert.deepEqual([end?.certPem, end?.keyPem, end?.files], [cert, key, [join(folder, "open.key")]]);
  assert.match(warnings.join("\n"), /everybody on this machine may read the key/);
  assert.equal(read(JSON.stringify(tls(Buffer.from(cert).toString("base64"), "open.key")), "json").tls?.certPem, cert);
  assert.ok(!inJson(tls("x", "geheim")).includes("geheim"), "a key may stand where a path belongs");
});

test("[TLS2] a certificate with another's key, one that is cut short, a locked key: refused, and never half taken", {
  skip: withoutOpenssl,
}, () => {
  const [one, other] = [authority!.certificate("localhost"), authority!.certificate("localhost")];
  const tls = (cert: string, key: string, more: object = {}) =>
    inJson({ http_server: { tls: { enabled: true, cert_pem: cert, key_pem: key, ...more } } });
  assert.match(tls(one.cert, other.key), /http_server\.tls\.key_pem: is not the key of the certificate in cert_pem/);
  assert.match(tls(one.cert.slice(0, 300), one.key), /cert_pem: holds no certificate that can be read; was it written to its end/);
  assert.match(tls(one.cert + one.cert.slice(0, 300), one.key), /cert_pem: holds no certificate that can be read/);
  assert.match(tls(one.cert, one.key.slice(0, 120)), /key_pem: holds no private key that can be read/);
  assert.match(tls(one.cert, one.cert), /key_pem: holds no private key that can be read/);
  assert.match(tls(one.cert, one.key, { client_ca_pem: one.cert.slice(0, 200) }), /client_ca_pem: holds a certificate that cannot be read/);
  const mqtt = { mqtt: { tls: { enabled: true, cert_pem: one.cert, key_pem: other.key } } };
  assert.match(inJson(mqtt), /mqtt\.tls\.key_pem: is not the key/);
  assert.equal(
    read(JSON.stringify({ ...mqtt, mqtt: { ...mqtt.mqtt, broker: "mqtt://127.0.0.1" } }), "json").mqttTls,
    undefined,
    "another program's",
  );
});

test("[TLS1] beyond this machine: TLS opens a door, its plain neighbour stays shut", { skip: withoutOpenssl }, () => {
  const { cert, key } = authority!.certificate("localhost");
  const tls = { enabled: true, cert_pem: cert, key_pem: key };
  const settings = (tree: object) => read(JSON.stringify(tree), "json");
  assert.equal(settings({ http_server: { address: "0.0.0.0", tls } }).values["http_server.tls.enabled"], true);
  const apart = { address: "0.0.0.0", tls, internal_port: 9_000, tls_external: true };
  assert.match(inJson({ http_server: apart }), /http_server\.internal_address.*plain text beyond this machine/);
  settings({ http_server: { ...apart, internal_address: "127.0.0.1" } });
  settings({ http_server: { ...apart, internal_tls: tls } });
  settings({ http_server: { ...apart, tls_external: false } });

  assert.match(inJson({ mqtt: { address: "0.0.0.0", tls } }), /mqtt\.address.*plain MQTT beyond this machine/);
  settings({ mqtt: { address: "0.0.0.0", tls: { ...tls, only: true } } });
  const beside = settings({ mqtt: { tls: { ...tls, address: "0.0.0.0" } } }).mqttTls;
  assert.deepEqual([beside?.address, beside?.port, beside?.only, beside?.clientCertificates], ["0.0.0.0", 8_883, false, "off"]);
  assert.match(inJson({ mqtt: { tls: { ...tls, port: 1_883 } } }), /mqtt\.tls\.port.*must differ from mqtt\.port/);
  assert.match(inJson({ mqtt: { tls: { only: true } } }), /mqtt\.tls\.only.*needs mqtt\.tls\.enabled/);
  const asked = settings({ mqtt: { tls: { ...tls, client_ca_pem: authority!.caPem } } }).mqttTls;
  assert.equal(asked?.clientCertificates, "required", "as Centrifugo reads client_ca_pem");
});

test("[CFG15] one connection a user needs presence where its own channel is", () => {
  const personal = (options: object, more: object = {}) => ({
    client: { subscribe_to_user_personal_channel: { enabled: true, ...options } },
    ...more,
  });
  assert.match(inJson(personal({ personal_channel_namespace: "own" })), /personal_channel_namespace = "own": there is no such namespace/);
  assert.match(inJson(personal({ single_connection: true })), /needs presence in channel\.without_namespace/);
  const own = { channel: { namespaces: [{ name: "own", presence: true }] } };
  read(JSON.stringify(personal({ single_connection: true, personal_channel_namespace: "own" }, own)), "json");
});

test("[CFG16] a consumer that is switched off stays in a file, one that is on is refused with what to do", () => {
  const consumer = (enabled: boolean) => ({ consumers: [{ name: "orders", type: "kafka", enabled, kafka: { brokers: ["k:9092"] } }] });
  assert.deepEqual(read(JSON.stringify(consumer(false)), "json").warnings, []);
  assert.match(inJson(consumer(true)), /consumers\[0\] \(orders\)\.enabled = true: not honoured by Fleetcast: .*idempotency_key/);
});

test("[K2] [A5] foreign keys named like parts of every object, deep nesting and long texts harm nobody", () => {
  for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const { warnings } = read(`{"${key}":{"insecure":true},"client":{"${key}":1},"push":{"channels":{"${key}":{"journal":true}}}}`, "json");
    assert.ok(warnings.length >= 1, key);
  }
  assert.equal(({} as Record<string, unknown>)["insecure"], undefined);
  assert.match(refusal(`${"[".repeat(20_000)}${"]".repeat(20_000)}`, "json"), /is nested more than/);
  const deep = `[${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}]`;
  assert.match(refusal("{}", "json", { CENTRIFUGO_CHANNEL_NAMESPACES: deep }), /expected a list of objects/);
  assert.match(refusal("x: &a [*a]\n", "yaml"), /refers to itself|does not parse/);
  assert.match(refusal(`{"client":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`, "json"), /is nested more than/);
  const [line, ...more] = read(`{"bad\\nkey${"x".repeat(5_000)}":1}`, "json").warnings;
  assert.ok(line!.length < 300 && !line!.includes("\n") && more.length === 0, line);
  const long = inJson({ http_server: { port: "9".repeat(100_000) } });
  assert.ok(long.length < 400, `${long.length} bytes`);
});

/** xorshift32: a failing run is its seed. */
function chanceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test("[G12] a right file with bytes changed is read or refused with its place, in little time", () => {
  const right: readonly (readonly [extension: string, text: string])[] = [
    [
      "json",
      '{"client":{"ping_interval":"25s","allowed_origins":["https://*.a"]},"channel":{"namespaces":[{"name":"news","history_size":5,"history_ttl":"60s"}]}}',
    ],
    [
      "yaml",
      "client: &a {ping_interval: 25s, token: {hmac_secret_key: abc}}\nchannel:\n  namespaces:\n    - name: news\n      presence: yes\n",
    ],
    ["toml", '[client]\nping_interval = "25s"\n[[channel.namespaces]]\nname = "news"\nhistory_size = 5\nhistory_ttl = "60s"\n'],
  ];
  const odd = [
    "\0",
    "\u{FFFD}",
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    "-",
    "9e99",
    "null",
    "*a",
    "<<: *a",
    "\n",
    "  ",
    "__proto__",
    "\\u0000",
    "é",
  ];
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const chance = chanceOf(seed * 2_654_435_761);
    const [extension, text] = right[seed % right.length]!;
    let mutated = text;
    for (let times = 1 + chance(3); times > 0; times -= 1) {
      const at = chance(mutated.length + 1);
      mutated = mutated.slice(0, at) + odd[chance(odd.length)]! + mutated.slice(at + chance(4));
    }
    const begun = performance.now();
    try {
      read(mutated, extension);
    } catch (error) {
      assert.ok(error instanceof ConfigError, `seed ${seed}: ${String(error)}\n${mutated}`);
      for (const problem of error.problems) assert.ok(problem.source !== "" && problem.expected !== "", `seed ${seed}`);
    }
    assert.ok(performance.now() - begun < 1_000, `seed ${seed} took too long`);
  }
});
