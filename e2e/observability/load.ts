import { createServer, type Server } from "node:http";
import { connect } from "mqtt";
import { API_KEY, type Fleetcast } from "../harness/fleetcast.ts";
import { sleep } from "../harness/process.ts";

/** Counts what is said on a raw socket and answers pings; one command a call. */
export class RawClient {
  readonly #socket: WebSocket;
  #id = 0;
  readonly opened: Promise<void>;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.onerror = () => reject(new Error(`no WebSocket at ${url}`));
    });
    this.#socket.onmessage = ({ data }) => {
      for (const line of String(data).split("\n")) if (line === "{}") this.#socket.send("{}");
    };
  }

  say(command: object): void {
    this.#socket.send(JSON.stringify({ id: ++this.#id, ...command }));
  }

  close(): void {
    this.#socket.close();
  }
}

export async function callApi(base: string, key: string, method: string, params: object): Promise<void> {
  const headers = { "x-api-key": key, "content-type": "application/json" };
  await fetch(`${base}/api/${method}`, { method: "POST", headers, body: JSON.stringify(params) }).then((answer) => answer.arrayBuffer());
}

/** One of everything that a client and a backend do with either server: what is counted has then a reason to be there. */
export async function scriptedSession(base: string, key: string): Promise<void> {
  const client = new RawClient(`${base.replace("http", "ws")}/connection/websocket`);
  await client.opened;
  client.say({ connect: { name: "js" } });
  await sleep(50);
  client.say({ subscribe: { channel: "a" } });
  client.say({ subscribe: { channel: "a" } });
  client.say({ subscribe: { channel: "b", recover: true } });
  client.say({ history: { channel: "a", limit: 1 } });
  client.say({ presence: { channel: "a" } });
  client.say({ presence_stats: { channel: "a" } });
  client.say({ publish: { channel: "a", data: { x: 1 } } });
  client.say({ rpc: { method: "m", data: {} } });
  await sleep(150);
  await callApi(base, key, "publish", { channel: "a", data: {} });
  await callApi(base, key, "publish", { channel: "unknown:a", data: {} });
  await callApi(base, key, "broadcast", { channels: ["a", "b"], data: {} });
  await callApi(base, key, "unsubscribe", { channel: "b", user: "" });
  client.say({ unsubscribe: { channel: "a" } });
  await sleep(50);
  await callApi(base, key, "disconnect", { user: "" });
  await sleep(50);
  client.close();
}

/** A backend that answers every question with nothing, and every third with an error of its own. */
export async function startBackend(): Promise<{ readonly url: string; readonly headers: Record<string, string>[]; close(): void }> {
  const headers: Record<string, string>[] = [];
  let asked = 0;
  const server: Server = createServer((request, response) => {
    headers.push(request.headers as Record<string, string>);
    request.resume();
    request.on("end", () => {
      response.statusCode = ++asked % 3 === 0 ? 500 : 200;
      response.end(JSON.stringify({ result: { data: {} } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, headers, close: () => server.close() };
}

const open = {
  history_size: 10,
  history_ttl: "60s",
  presence: true,
  join_leave: true,
  force_push_join_leave: true,
  force_recovery: true,
  allow_subscribe_for_client: true,
  allow_publish_for_client: true,
  allow_history_for_client: true,
  allow_presence_for_client: true,
};

/** A file that the real server takes, too. */
export function sharedConfig(backendUrl: string): Record<string, unknown> {
  return {
    http_api: { key: API_KEY },
    client: { insecure: true },
    prometheus: { enabled: true, instrument_http_handlers: true, recovered_publications_histogram: true },
    channel: { without_namespace: open },
    rpc: { proxy: { endpoint: backendUrl }, without_namespace: { proxy_enabled: true } },
  };
}

export async function scrape(base: string): Promise<string> {
  const answer = await fetch(`${base}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics: ${answer.status}`);
  return answer.text();
}

/** Machines that talk, nonsense, and clients that do one of everything, until it is told to stop. */
export function keepBusy(fleetcast: Fleetcast): { stop(): Promise<void> } {
  const machines = fleetcast.cliProcess("simulate", "--count", "20", "--interval", "200ms");
  const broken = connect(`mqtt://127.0.0.1:${fleetcast.mqttPort}`, { username: "VM-BROKEN", clientId: "VM-BROKEN" });
  const nonsense = setInterval(() => broken.publish("vm/VM-BROKEN/telemetry", "no json"), 200);
  let goesOn = true;
  const sessions = (async () => {
    while (goesOn) await scriptedSession(fleetcast.base, API_KEY);
  })();
  return {
    async stop() {
      goesOn = false;
      clearInterval(nonsense);
      await broken.endAsync(true);
      await sessions;
      await machines.end("SIGTERM");
    },
  };
}
