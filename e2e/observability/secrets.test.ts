import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "mqtt";
import { Fleetcast } from "../harness/fleetcast.ts";
import { eventually, sleep } from "../harness/process.ts";
import { bearerToken } from "../harness/tokens.ts";
import { RawClient, scrape, startBackend } from "./load.ts";

/** A secret of its kind: random, and long enough that nothing else is it by chance. */
const planted = (kind: string): string => `${kind}${randomBytes(18).toString("hex")}`;

/** Where a secret was found that must not be there. */
function hits(secrets: Readonly<Record<string, string>>, places: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [kind, secret] of Object.entries(secrets)) {
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").slice(0, 40)];
    for (const [place, text] of Object.entries(places)) if (forms.some((form) => text.includes(form))) found.push(`${kind} in ${place}`);
  }
  return found;
}

async function listening(keep: (text: string) => void) {
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => keep(chunk.toString("utf8")));
    request.on("end", () => response.end("{}"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, close: () => server.close() };
}

test("[A5] secrets canary: a session that uses every kind of secret leaves none in logs, metrics, traces, errors, or what commands print", async () => {
  const seen: string[] = [];
  const [backend, collector] = await Promise.all([startBackend(), listening((text) => seen.push(text))]);
  const secrets: Record<string, string> = {
    "API key": planted("apikey"),
    "HMAC key of tokens": planted("hmac"),
    "HMAC key of subscription tokens": planted("subhmac"),
    "admin password": planted("adminpw"),
    "admin secret": planted("adminsecret"),
    "header of a proxy": planted("proxyheader"),
    "password in a proxy's address": planted("urlpw"),
    "header for the collector": planted("otlp"),
    "wrong API key": planted("wrongkey"),
    "wrong password": planted("wrongpw"),
    "wrong machine password": planted("wrongmqtt"),
    "a cookie": planted("cookie"),
    "a header that clients pass on": planted("clientheader"),
    "key of a real Centrifugo": planted("centrifugokey"),
    "password of a broker": planted("brokerpw"),
  };
  const config = {
    http_api: { key: secrets["API key"] },
    client: {
      token: { hmac_secret_key: secrets["HMAC key of tokens"] },
      subscription_token: { enabled: true, hmac_secret_key: secrets["HMAC key of subscription tokens"] },
    },
    channel: { without_namespace: { allow_subscribe_for_client: true } },
    prometheus: { enabled: true, instrument_http_handlers: true },
    opentelemetry: { enabled: true, api: true },
    rpc: {
      proxy: {
        endpoint: backend.url,
        http: { static_headers: { "X-Backend-Key": secrets["header of a proxy"] } },
        http_headers: ["X-Client-Key"],
      },
      without_namespace: { proxy_enabled: true },
    },
    mqtt: { open_on_loopback: false },
    log: { level: "trace" },
  };
  const fleetcast = await Fleetcast.started({
    config,
    env: {
      CENTRIFUGO_HTTP_API_KEY: secrets["API key"]!,
      CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: secrets["HMAC key of tokens"]!,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-key=${secrets["header for the collector"]}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
  });
  const places: Record<string, string> = {};
  try {
    const answers: string[] = [];
    const ask = async (path: string, init: RequestInit): Promise<Response> => {
      const answer = await fetch(`${fleetcast.base}${path}`, init);
      answers.push(await answer.clone().text());
      return answer;
    };
    const post = (path: string, headers: Record<string, string>, body: unknown): Promise<Response> =>
      ask(path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

    // The server API with keys that are right, wrong, and in the address.
    await post("/api/publish", { "x-api-key": secrets["API key"]! }, { channel: "a", data: {} });
    await post("/api/publish", { "x-api-key": secrets["API key"]! }, { channel: 5 });
    await post("/api/publish", { "x-api-key": secrets["wrong API key"]! }, { channel: "a", data: {} });
    await post(`/api/publish?api_key=${secrets["API key"]}`, { authorization: `apikey ${secrets["wrong API key"]}` }, {});

    // People: a one-time password, a login, its cookie, and one that is wrong.
    const added = await fleetcast.cli("user", "add", "ann", "--role", "admin");
    const password = /password: (\S+)/.exec(added.stdout)?.[1];
    assert.ok(password, added.output);
    secrets["one-time password"] = password;
    const origin = { origin: fleetcast.base };
    const login = await post("/v1/session", origin, { name: "ann", password });
    assert.equal(login.status, 200, await login.clone().text());
    const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
    secrets["session cookie"] = cookie.split("=")[1] ?? "";
    assert.ok(secrets["session cookie"].length > 20, cookie);
    // What is handed to its owner is not a leak.
    answers.pop();
    await post("/v1/session", origin, { name: "ann", password: secrets["wrong password"] });
    await ask("/v1/fleet", { headers: { cookie: `${cookie.split("=")[0]}=${secrets["a cookie"]}` } });
    await post("/v1/commands", { ...origin, cookie }, { nonsense: true });

    // Clients: a good token, one that a stranger signed, headers for a backend, and rubbish.
    const good = await bearerToken({ sub: "42" }, secrets["HMAC key of tokens"]);
    const bad = await bearerToken({ sub: "42" }, "somebody else's key, which is long enough");
    secrets["a good token"] = good.split(".")[2]!;
    secrets["a bad token"] = bad.split(".")[2]!;
    for (const token of [good, bad, `${good}x`]) {
      const client = new RawClient(fleetcast.websocket);
      await client.opened;
      client.say({ connect: { token, headers: { "X-Client-Key": secrets["a header that clients pass on"] } } });
      client.say({ subscribe: { channel: "$private", token: bad } });
      for (let n = 0; n < 4; n++) client.say({ rpc: { method: "m", data: {} } });
      await sleep(100);
      client.close();
    }

    // A machine with its credential, and with a wrong one.
    const machine = await fleetcast.cli("machine", "add", "VM-1");
    const credential = /MQTT password: (\S+)/.exec(machine.stdout)?.[1];
    assert.ok(credential, machine.output);
    secrets["machine credential"] = credential;
    for (const secret of [credential, secrets["wrong machine password"]]) {
      const device = connect(`mqtt://127.0.0.1:${fleetcast.mqttPort}`, { username: "VM-1", password: secret!, reconnectPeriod: 0 });
      await new Promise<void>((resolve) => {
        device.on("connect", () => device.publish("vm/VM-1/telemetry", "no json", { qos: 1 }, () => resolve()));
        device.on("error", () => resolve());
        device.on("close", () => resolve());
      });
      device.end(true);
    }

    places["metrics"] = await scrape(fleetcast.base);
    places["checkconfig"] = (await fleetcast.cli("checkconfig")).output;
    places["doctor"] = (await fleetcast.cli("doctor")).output;
    await eventually("traces", 5_000, () => seen.length > 0);
    places["answers"] = answers.join("\n");
    places["traces"] = seen.join("\n");
    await fleetcast.stop();
    places["the log"] = fleetcast.process.output;
    assert.match(places["the log"], /"msg":"stopped"/);
    assert.match(places["the log"], /"level":"debug"|dead letter/);

    assert.ok(
      backend.headers.some((headers) => headers["x-backend-key"] === secrets["header of a proxy"]),
      "the proxy was asked",
    );

    Object.assign(places, await refusedStarts(fleetcast, secrets));
    const everything = { everywhere: Object.values(secrets).join(" ") };
    assert.equal(hits(secrets, everything).length, Object.keys(secrets).length, "what is there is found");
    assert.deepEqual(hits(secrets, places), []);
    const kept = readFileSync(join(fleetcast.dataDir, "secrets.json"), "utf8");
    const own = Object.fromEntries([...kept.matchAll(/"(\w+)":\s*"([^"]{16,})"/g)].map((match) => [match[1]!, match[2]!]));
    assert.ok(Object.keys(own).length > 0, "secrets.json holds keys");
    assert.deepEqual(hits(own, places), []);
  } finally {
    await fleetcast.remove();
    backend.close();
    collector.close();
  }
});

/** What is said of files that are refused, or that name parts which are not there. */
async function refusedStarts(fleetcast: Fleetcast, secrets: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const broker = `mqtt://somebody:${secrets["password of a broker"]}@127.0.0.1:1`;
  const proxy = `http://somebody:${secrets["password in a proxy's address"]}@127.0.0.1:1/rpc`;
  const files: Record<string, object> = {
    "a file with a wrong value": {
      http_api: { key: [secrets["API key"]] },
      admin: { enabled: true, password: { of: secrets["admin password"] } },
    },
    "a file with keys where they do not belong": { admin: { passwort: secrets["admin password"], secret: secrets["admin secret"] } },
    "a broker that is away": { mqtt: { broker, password: secrets["password of a broker"] } },
    "a Centrifugo that is away": {
      push: { engine: "centrifugo", centrifugo: { url: "http://127.0.0.1:1", api_key: secrets["key of a real Centrifugo"] } },
    },
    "a password in a proxy's address": { rpc: { proxy: { endpoint: proxy }, without_namespace: { proxy_enabled: true } } },
  };
  const said: Record<string, string> = {};
  const configs = Object.entries(files).map(([what, content], at) => {
    const config = join(fleetcast.dataDir, `refused-${at}.json`);
    writeFileSync(config, JSON.stringify({ log: { level: "trace" }, ...content }));
    return { what, config };
  });
  await Promise.all(
    configs.map(async ({ what, config }) => {
      const runs = await Promise.all([fleetcast.cli("checkconfig", "-c", config), fleetcast.cli("doctor", "-c", config)]);
      said[what] = runs.map(({ output }) => output).join("\n");
      assert.notEqual(said[what], "", what);
    }),
  );
  for (const { what, config } of configs) {
    const server = fleetcast.cliProcess("serve", "-c", config);
    await Promise.race([server.exited, sleep(1_000)]);
    if (server.running) await server.end("SIGTERM");
    said[`${what}, started`] = server.output;
  }
  return said;
}
