import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "connection-rate",
  title: "The rate of new connections",
  about: "`client.connection_rate_limit`, and a reader that takes nothing (`websocket.write_timeout`).",
  config: {
    ...transports,
    client: { ...transports["client"], connection_rate_limit: 5, queue_max_size: 200_000_000, ping_interval: "60s", pong_timeout: "50s" },
    websocket: { write_timeout: "400ms" },
  },
});
const alone = { alone: true, formats: ["json"] } as const;

const statuses = (side: Side, count: number, path: string, method = "GET"): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, async () => (await side.http({ method, path })).status));
const letIn = (all: readonly number[]): number => all.filter((status) => status !== 503).length;

rule(
  "[TR5.10] as many as the rate at once, then 503; a second later as many again",
  { ...alone, compare: { off: "which of the requests is let in is chance" } },
  async (side) => {
    await pause(1_100);
    const first = letIn(await statuses(side, 20, "/connection/init"));
    assert.ok(first === 5 || first === 6, String(first));
    await pause(1_100);
    const second = letIn(await statuses(side, 20, "/connection/websocket"));
    assert.ok(second === 5 || second === 6, String(second));
  },
);

rule(
  "[TR5.11] a request counts whatever becomes of it, OPTIONS too; /emulation does not",
  { ...alone, compare: { off: "which of the requests is let in is chance" } },
  async (side) => {
    await pause(1_100);
    const preflights = letIn(await statuses(side, 10, "/connection/http_stream", "OPTIONS"));
    assert.ok(preflights === 5 || preflights === 6, String(preflights));
    assert.equal(letIn(await statuses(side, 30, "/emulation", "OPTIONS")), 30);
  },
);

rule(
  "[TR30.1] a client that takes nothing for write_timeout is gone long before its queue is full",
  { ...alone, compare: { off: "asked until it is so" } },
  async (side) => {
    await pause(1_100);
    const channel = side.channel("open:a");
    const client = await side.connect();
    await client.subscribe(channel);
    client.socket.socket.pause();
    const data = "x".repeat(60_000);
    const deadline = performance.now() + 12_000;
    for (;;) {
      for (let n = 0; n < 20; n++) await side.publish(channel, data);
      if ((await side.api("presence_stats", { channel }))["num_clients"] === 0) break;
      assert.ok(performance.now() < deadline, "it stays");
    }
    client.cut();
  },
);

export default group;
