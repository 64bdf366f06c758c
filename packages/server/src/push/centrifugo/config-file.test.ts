import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../config/load.ts";
import { centrifugoConfig } from "./config-file.ts";
import { centrifugoBinary, startCentrifugo, withoutCentrifugo } from "./testing-centrifugo.ts";

interface Printed {
  readonly http_server: { readonly address?: string; readonly port: number };
  readonly http_api: { readonly key: string };
  readonly client: { readonly allowed_origins: readonly string[]; readonly token: { readonly hmac_secret_key: string } };
  readonly channel: { readonly namespaces: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[] };
  readonly proxies: readonly {
    readonly name: string;
    readonly endpoint: string;
    readonly include_connection_meta: boolean;
    readonly http: { readonly static_headers: Record<string, string> };
  }[];
}

function withFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-config-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file for what a Fleetcast file says. */
function printed(settings: Readonly<Record<string, unknown>>): {
  readonly text: string;
  readonly file: Printed;
  readonly proxySecret: string;
} {
  return withFolder((folder) => {
    writeFileSync(join(folder, "fleetcast.json"), JSON.stringify(settings));
    const { config, settings: read } = loadConfig({ flags: {}, environment: {}, folder });
    const text = centrifugoConfig(config, read.written);
    return { text, file: JSON.parse(text) as Printed, proxySecret: config.push.centrifugo.proxySecret };
  });
}

const n8 = {
  http_server: { port: 8002 },
  push: { engine: "centrifugo", centrifugo: { url: "http://127.0.0.1:8001", api_key: "the-key" } },
  dashboard: { public_url: "https://fleet.example.com/app" },
  client: { token: { hmac_secret_key: "a-token-key-of-at-least-thirty-two-bytes" } },
};

test("[N8] port, keys, origins and proxies come from our configuration", () => {
  const { file, proxySecret } = printed(n8);
  assert.deepEqual(file.http_server, { address: "127.0.0.1", port: 8001 });
  assert.equal(file.http_api.key, "the-key");
  assert.equal(file.client.token.hmac_secret_key, "a-token-key-of-at-least-thirty-two-bytes");
  assert.deepEqual(file.client.allowed_origins, ["https://fleet.example.com"]);
  assert.notEqual(proxySecret, "");
  assert.deepEqual(
    file.proxies.map(({ name, endpoint, include_connection_meta, http }) => [name, endpoint, include_connection_meta, http.static_headers]),
    [
      ["fleetcast", "http://127.0.0.1:8002/proxy/centrifugo/subscribe", true, { "X-Fleetcast-Proxy-Secret": proxySecret }],
      ["fleetcast_refresh", "http://127.0.0.1:8002/proxy/centrifugo/sub_refresh", true, { "X-Fleetcast-Proxy-Secret": proxySecret }],
    ],
  );
});

test("[N8] proxies ask the internal listener where there is one", () => {
  const { file } = printed({ ...n8, http_server: { port: 8002, internal_port: 8003, internal_address: "::1" } });
  assert.equal(file.proxies[0]!.endpoint, "http://[::1]:8003/proxy/centrifugo/subscribe");
});

test("[N8] proxies ask the address that is named where Centrifugo runs on another machine", () => {
  const { file } = printed({ ...n8, push: { ...n8.push, centrifugo: { ...n8.push.centrifugo, proxy_url: "http://fleetcast:9002/" } } });
  assert.deepEqual(
    file.proxies.map((proxy) => proxy.endpoint),
    ["http://fleetcast:9002/proxy/centrifugo/subscribe", "http://fleetcast:9002/proxy/centrifugo/sub_refresh"],
  );
});

test("[N8] the document's namespaces: windows, presence, recovery and our policy", () => {
  const { file } = printed(n8);
  const options = new Map(file.channel.namespaces.map((namespace) => [namespace.name, namespace]));
  for (const name of ["telemetry", "events", "p_alert", "user_cmd"]) {
    const namespace = options.get(name)!;
    assert.deepEqual([namespace["force_recovery"], namespace["allow_history_for_subscriber"]], [true, true], name);
    assert.deepEqual([namespace["subscribe_proxy_name"], namespace["sub_refresh_proxy_name"]], ["fleetcast", "fleetcast_refresh"], name);
  }
  assert.deepEqual([options.get("telemetry")!["history_size"], options.get("telemetry")!["history_ttl"]], [300, "86400s"]);
  assert.deepEqual([options.get("telemetry")!["presence"], options.get("telemetry")!["join_leave"]], [true, true]);
  // Where a policy decides on subscribes, Centrifugo does not hear a client's wish for joins: they are pushed to everybody.
  assert.deepEqual([options.get("events")!["join_leave"], options.get("events")!["force_push_join_leave"]], [true, true]);
  assert.deepEqual([options.get("feed")!["history_size"], options.get("feed")!["force_recovery"]], [50, true]);
  assert.equal(options.get("fleet")!["subscribe_proxy_enabled"], undefined);
});

test("[N8] without a public address, pages on loopback may connect", () => {
  const { file } = printed({ push: n8.push });
  assert.ok(file.client.allowed_origins.includes("http://localhost:*"));
  assert.ok(file.client.allowed_origins.every((origin) => !origin.includes("//*")));
});

test("a client's publish into a journaled namespace is not let past the journal", () => {
  const { file } = printed({
    ...n8,
    channel: {
      namespaces: [
        { name: "chat", history_size: 5, history_ttl: "60s", allow_publish_for_client: true },
        { name: "open", allow_publish_for_client: true },
      ],
    },
    push: { ...n8.push, channels: { chat: { journal: true } } },
  });
  const options = new Map(file.channel.namespaces.map((namespace) => [namespace.name, namespace]));
  assert.equal(options.get("chat")!["allow_publish_for_client"], false);
  assert.equal(options.get("open")!["allow_publish_for_client"], true);
});

/** What only the real one can do, and what both can, in an existing file that gets our section beside it. */
const cluster = {
  ...n8,
  engine: { type: "redis", redis: { address: ["redis://10.0.0.1:6379"], presence_ttl: "90s" } },
  map_broker: { type: "redis" },
  uni_grpc: { enabled: true, port: 11_001 },
  sse: { enabled: true },
  client: { ...n8.client, proxy: { connect: { enabled: true, endpoint: "grpc://backend:10000", timeout: "3s" } }, concurrency: 8 },
  channel: {
    namespaces: [
      { name: "news", subscribe_proxy_enabled: true, subscribe_proxy_name: "own", allowed_delta_types: ["fossil"] },
      { name: "telemetry", history_size: 3, history_ttl: "60s", publish_proxy_enabled: true, publish_proxy_name: "own" },
    ],
  },
  proxies: [{ name: "own", endpoint: "grpc://backend:10001" }],
};

test("[N7] what only the real one can do is refused alone, and passed on to it where it stands behind us", () => {
  assert.throws(() => printed({ ...cluster, push: { engine: "embedded" } }), /engine\.type = "redis": not honoured by Fleetcast/);
  assert.throws(() => printed({ ...cluster, broker: { enabled: true, type: "nats" } }), /broker\.type = "nats": .*memory or redis/);
  const { file } = printed(cluster);
  const tree = file as unknown as Record<string, Record<string, unknown>>;
  assert.deepEqual(tree["engine"], cluster.engine);
  assert.deepEqual([tree["map_broker"], tree["uni_grpc"], tree["sse"]], [cluster.map_broker, cluster.uni_grpc, cluster.sse]);
  assert.deepEqual(tree["client"]!["proxy"], cluster.client.proxy);
  assert.equal(tree["client"]!["concurrency"], 8);
  assert.deepEqual(file.http_server, { address: "127.0.0.1", port: 8001 }, "our own doors are not its");
  const options = new Map(file.channel.namespaces.map((namespace) => [namespace.name, namespace]));
  assert.deepEqual([options.get("news")!["subscribe_proxy_name"], options.get("news")!["allowed_delta_types"]], ["own", ["fossil"]]);
  assert.equal(options.get("telemetry")!["publish_proxy_enabled"], false, "nothing goes past the journal");
  assert.deepEqual(
    file.proxies.map(({ name }) => name),
    ["own", "fleetcast", "fleetcast_refresh"],
  );
});

test("[N7] the real Centrifugo takes that file, too", { skip: withoutCentrifugo() }, () => {
  const { text } = printed(cluster);
  withFolder((folder) => {
    const file = join(folder, "config.json");
    writeFileSync(file, text);
    execFileSync(centrifugoBinary!, ["checkconfig", "--strict", "-c", file], { env: {} });
  });
});

test("[N8] the real Centrifugo takes the file without a complaint and starts with it", { skip: withoutCentrifugo() }, async () => {
  const { text } = printed(n8);
  withFolder((folder) => {
    const file = join(folder, "config.json");
    writeFileSync(file, text);
    const output = execFileSync(centrifugoBinary!, ["checkconfig", "--strict", "-c", file], { encoding: "utf8", env: {}, stdio: "pipe" });
    assert.doesNotMatch(output, /unknown|warn/i);
  });
  const running = await startCentrifugo((port) => text.replace('"port": 8001', `"port": ${port}`));
  try {
    assert.doesNotMatch(running.log(), /"level":"(warn|error|fatal)"|\[(WRN|ERR|FTL)\]/);
    const answer = await fetch(`${running.url}/connection/websocket`, { headers: { origin: "https://evil.example" } });
    assert.notEqual(answer.status, 200);
  } finally {
    await running.stop();
  }
});
