import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Journal, openSqliteJournal } from "@fleetcast/storage";
import type { SubscribePolicy } from "../../auth/subscribe-policy.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import type { Route } from "../../http/route.ts";
import type { Logger } from "../../log.ts";
import { createOutgoingFetch, type OutgoingFetch } from "../../outgoing/outgoing-fetch.ts";
import { systemChance } from "../../runtime/chance.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type CentrifugoPush, createCentrifugoPush } from "./centrifugo-push.ts";
import { centrifugoConfig } from "./config-file.ts";
import { createCentrifugoProxyRoutes } from "./proxy-routes.ts";
import { type PublisherLimits, publisherLimits } from "./publisher-limits.ts";
import { freePort, type RunningCentrifugo, startCentrifugo } from "./testing-centrifugo.ts";

/** A real Centrifugo started with our file, our proxy answers, a journal on SQLite and the push between them. */
export interface CentrifugoStack {
  readonly config: Config;
  readonly centrifugo: RunningCentrifugo;
  readonly journal: Journal;
  /** The push of now; `replacePush` ends the former like a kill: mid-request, without a word. */
  readonly push: CentrifugoPush;
  replacePush(): Promise<void>;
  /** A connection token for `user`. */
  token(user: string, meta?: unknown): string;
  stop(): Promise<void>;
}

const noLog: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export interface StackOptions {
  /** Keys of the configuration file beside the stack's own. */
  readonly client?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<PublisherLimits>;
}

export async function startCentrifugoStack(policy: SubscribePolicy, options: StackOptions = {}): Promise<CentrifugoStack> {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-stack-"));
  const internalPort = await freePort();
  const settings = {
    http_server: { internal_port: internalPort },
    push: { centrifugo: { api_key: "key-of-centrifugo" } },
    client: options.client,
  };
  writeFileSync(join(folder, "fleetcast.json"), JSON.stringify(settings));
  const loaded = loadConfig({ flags: {}, environment: {}, folder }).config;
  const secret = loaded.push.centrifugo.proxySecret;
  const proxies = await serve(internalPort, createCentrifugoProxyRoutes({ policy, secret, clock: systemClock, log: noLog }));
  const at = (port: number): Config => ({
    ...loaded,
    push: { ...loaded.push, centrifugo: { ...loaded.push.centrifugo, url: `http://127.0.0.1:${port}` } },
  });
  const centrifugo = await startCentrifugo((port) => centrifugoConfig(at(port)));
  const config = at(centrifugo.port);
  const journal = await openSqliteJournal({ dir: join(folder, "data"), clock: systemClock, chance: systemChance });
  let running = begin(config, journal, options.limits);
  journal.onCommitted((batch) => running.push.offer(batch));
  await running.push.start();
  return {
    config,
    centrifugo,
    journal,
    get push() {
      return running.push;
    },
    async replacePush() {
      running.kill();
      running = begin(config, journal, options.limits);
      await running.push.start();
    },
    token: (user, meta) => signed({ sub: user, exp: Math.floor(Date.now() / 1_000) + 600, meta }, config.client.token.hmacSecretKey),
    async stop() {
      await running.push.stop(2_000);
      await journal.close();
      await centrifugo.stop();
      proxies.closeAllConnections();
      proxies.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function begin(
  config: Config,
  journal: Journal,
  limits: Partial<PublisherLimits> | undefined,
): { readonly push: CentrifugoPush; kill(): void } {
  let alive = true;
  const fetch = createOutgoingFetch({ clock: systemClock });
  const untilKilled: OutgoingFetch = async (request) => {
    if (!alive) return new Promise(() => {});
    const answer = await fetch(request);
    return alive ? answer : new Promise(() => {});
  };
  const push = createCentrifugoPush({
    config: config.push.centrifugo,
    journal: {
      append: (...args) => journal.append(...args),
      appendAll: (...args) => journal.appendAll(...args),
      remove: (channel) => journal.remove(channel),
      readFrom: (afterId, limit) => journal.readFrom(afterId, limit),
      loadCursors: (name) => journal.loadCursors(name),
      saveCursors: (...args) => (alive ? journal.saveCursors(...args) : new Promise(() => {})),
    },
    options: config.engine,
    clock: systemClock,
    chance: systemChance,
    log: noLog,
    fetch: untilKilled,
    limits: { ...publisherLimits, ...limits },
  });
  return {
    push,
    kill: () => {
      alive = false;
    },
  };
}

function serve(port: number, routes: readonly Route[]): Promise<http.Server> {
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const route = routes.find((candidate) => candidate.path === request.url);
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const asked = new Request(`http://localhost${request.url}`, { method: request.method ?? "GET", headers, body: Buffer.concat(chunks) });
    const answer = await route?.handle(asked, { remoteAddress: "127.0.0.1", rest: "", secure: false });
    response.writeHead(answer?.status ?? 404, { "content-type": answer?.headers.get("content-type") ?? "text/plain" });
    response.end(answer === undefined ? "" : Buffer.from(await answer.arrayBuffer()));
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

function signed(claims: unknown, key: string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
}
