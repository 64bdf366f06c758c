import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, MemoryLog, MemoryMapLog, noProxies, type SharedPollRefreshProxy, type TokenVerifier } from "@fleetcast/engine";
import { JournalLog, openSqliteJournal } from "@fleetcast/storage";
import { type SubscribePolicy, withPolicy } from "../../auth/subscribe-policy.ts";
import type { ApiConfig, Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import type { Logger } from "../../log.ts";
import { createOutgoingFetch } from "../../outgoing/outgoing-fetch.ts";
import { createCentrifugoPush } from "../../push/centrifugo/centrifugo-push.ts";
import { centrifugoConfig } from "../../push/centrifugo/config-file.ts";
import { freePort, type RunningCentrifugo, startCentrifugo } from "../../push/centrifugo/testing-centrifugo.ts";
import { createEmbeddedPush } from "../../push/embedded.ts";
import type { PushEngine } from "../../push/push-engine.ts";
import { systemChance } from "../../runtime/chance.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Route } from "../route.ts";
import { createApiRoutes } from "./api-routes.ts";

/** One server API that the tables of tests run against. */
export interface ApiSide {
  readonly name: "embedded" | "centrifugo" | "real";
  readonly push: PushEngine | undefined;
  readonly centrifugo: RunningCentrifugo | undefined;
  request(path: string, init: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export const apiKey = "the-server-key";
/** What connection tokens of every side are signed with. */
export const tokenKey = "the-key-of-the-connection-tokens!";
const centrifugoKey = "the-centrifugo-key";

const noLog: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const nobody: Required<SubscribePolicy> = {
  subscribe: () => ({ kind: "error", code: 103, message: "permission denied" }),
  subRefresh: async () => ({ expired: true }),
};
const nothingNew: SharedPollRefreshProxy = async () => ({ kind: "result", result: undefined });
const noTokens: TokenVerifier = {
  connection: async () => ({ ok: false, why: "invalid" }),
  subscription: async () => ({ ok: false, why: "invalid" }),
};

/** Namespaces beside the default ones: `mem` in memory, `bin` any bytes, `jo` objects only; `mp`, `mr`, `me`, `mb` are maps; `sp`, `sr` shared polls, of which `sp` may be published to. */
const namespaces = [
  { name: "mp", subscription_type: "map", map: { mode: "persistent" } },
  { name: "mr", subscription_type: "map_clients", map: { mode: "recoverable", key_ttl: "60s", stream_size: 3 } },
  { name: "me", subscription_type: "map_users", map: { mode: "ephemeral", key_ttl: "60s" } },
  { name: "mb", subscription_type: "map", publication_data_format: "binary", map: { mode: "persistent" } },
  { name: "mem" },
  { name: "bin", publication_data_format: "binary", history_size: 10, history_ttl: "60s" },
  { name: "jo", publication_data_format: "json_object" },
];

/** Only of the embedded side: the file that we print for a Centrifugo has no keys that were not written for it. */
const sharedPolls = [
  { name: "sp", subscription_type: "shared_poll", shared_poll: { mode: "versioned", publish_enabled: true } },
  { name: "sr", subscription_type: "shared_poll" },
];

async function configured(more: readonly object[] = []): Promise<{ readonly config: Config; readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-api-"));
  const [httpPort, centrifugoPort] = [await freePort(), await freePort()];
  const settings = {
    http_server: { port: httpPort },
    http_api: { key: apiKey },
    channel: { namespaces: [...namespaces, ...more], proxy: { shared_poll_refresh: { endpoint: "http://127.0.0.1:9/nobody-is-asked" } } },
    shared_poll: { hmac_secret_key: tokenKey },
    client: { token: { hmac_secret_key: tokenKey } },
    push: { centrifugo: { url: `http://127.0.0.1:${centrifugoPort}`, api_key: centrifugoKey } },
  };
  writeFileSync(join(folder, "fleetcast.json"), JSON.stringify(settings));
  return { config: loadConfig({ flags: {}, environment: {}, folder }).config, folder };
}

/** The routes as the listener would ask them. */
function over(routes: readonly Route[]): ApiSide["request"] {
  return async (path, init) => {
    const pathname = path.split("?")[0]!;
    const exact = routes.find((route) => route.path === pathname);
    const route = exact ?? routes.find((route) => route.path.endsWith("/*") && pathname.startsWith(route.path.slice(0, -1)));
    if (route === undefined) throw new Error(`no route for ${path}`);
    const rest = pathname.slice(route.path.length - 1);
    return route.handle(new Request(`http://localhost${path}`, init), { remoteAddress: "127.0.0.1", rest, secure: false });
  };
}

/** Our API over our engine and a journal on SQLite. */
export async function embeddedSide(api: Partial<ApiConfig> = {}): Promise<ApiSide> {
  const { config, folder } = await configured(sharedPolls);
  const journal = await openSqliteJournal({ dir: join(folder, "data"), clock: systemClock, chance: systemChance });
  const journalLog = new JournalLog({ journal, clock: systemClock });
  const engine = createEngine(config.engine, {
    clock: systemClock,
    chance: systemChance,
    verifier: noTokens,
    memoryLog: new MemoryLog({ clock: systemClock, chance: systemChance }),
    mapLog: new MemoryMapLog({ clock: systemClock, chance: systemChance }),
    journalLog,
    trackVerifier: () => ({ ok: false, why: "invalid" }),
    proxies: withPolicy({ ...noProxies, sharedPollRefresh: new Map([["default", nothingNew]]) }, nobody),
    report: () => {},
  });
  const push = createEmbeddedPush({ engine, journalLog });
  journal.onCommitted((batch) => push.offer(batch));
  await push.start();
  return {
    name: "embedded",
    push,
    centrifugo: undefined,
    request: over(createApiRoutes({ push, api: { ...config.api, ...api }, clock: systemClock, log: noLog })),
    stop: async () => {
      await push.stop(1_000);
      await journal.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Our API over a real Centrifugo that was started with the file we print, and a journal on SQLite. */
export async function centrifugoSide(api: Partial<ApiConfig> = {}): Promise<ApiSide> {
  const { config, folder } = await configured();
  const centrifugo = await startCentrifugo((port) => centrifugoConfig(withPort(config, port)));
  const journal = await openSqliteJournal({ dir: join(folder, "data"), clock: systemClock, chance: systemChance });
  const push = createCentrifugoPush({
    config: { ...config.push.centrifugo, url: centrifugo.url },
    journal,
    options: config.engine,
    clock: systemClock,
    chance: systemChance,
    log: noLog,
    fetch: createOutgoingFetch({ clock: systemClock }),
  });
  journal.onCommitted((batch) => push.offer(batch));
  await push.start();
  return {
    name: "centrifugo",
    push,
    centrifugo,
    request: over(createApiRoutes({ push, api: { ...config.api, ...api }, clock: systemClock, log: noLog })),
    stop: async () => {
      await push.stop(1_000);
      await journal.close();
      await centrifugo.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The real Centrifugo's own API: what the tables promise must be what it does. */
export async function realSide(): Promise<ApiSide> {
  const { config, folder } = await configured();
  const centrifugo = await startCentrifugo((port) => {
    const ours = withPort(config, port);
    return centrifugoConfig({ ...ours, push: { ...ours.push, centrifugo: { ...ours.push.centrifugo, apiKey } } });
  });
  return {
    name: "real",
    push: undefined,
    centrifugo,
    request: (path, init) => fetch(`${centrifugo.url}${path}`, init),
    stop: async () => {
      await centrifugo.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function withPort(config: Config, port: number): Config {
  return { ...config, push: { ...config.push, centrifugo: { ...config.push.centrifugo, url: `http://127.0.0.1:${port}` } } };
}
