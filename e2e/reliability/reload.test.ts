import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Fleetcast } from "../harness/fleetcast.ts";
import { bearerToken } from "../harness/tokens.ts";
import { inCi } from "../parts/find.ts";

const clientCount = inCi ? 1_000 : 200;
const publicationCount = 300;
const machineCount = 200;

/** A client on a raw socket that keeps what concerns this test: offsets by channel, and how it ended. */
class Watcher {
  readonly offsets: number[] = [];
  unsubscribed: number | undefined;
  ended: number | undefined;
  readonly #socket: WebSocket;
  readonly ready: Promise<void>;

  constructor(url: string, token: string, channels: readonly string[]) {
    this.#socket = new WebSocket(url);
    this.ready = new Promise((resolve) => {
      const say = (...commands: readonly object[]) => this.#socket.send(commands.map((command) => JSON.stringify(command)).join("\n"));
      this.#socket.onopen = () =>
        say({ id: 1, connect: { token } }, ...channels.map((channel, index) => ({ id: 2 + index, subscribe: { channel } })));
      this.#socket.onmessage = ({ data }) => {
        for (const line of String(data).split("\n")) {
          if (line === "{}") this.#socket.send("{}");
          const message = JSON.parse(line) as {
            id?: number;
            push?: { channel: string; pub?: { offset: number }; unsubscribe?: { code: number } };
          };
          if (message.push?.pub !== undefined && message.push.channel === channels[0]) this.offsets.push(message.push.pub.offset);
          if (message.push?.unsubscribe !== undefined) this.unsubscribed = message.push.unsubscribe.code;
          if (message.id === 1 + channels.length) resolve();
        }
      };
    });
    this.#socket.onclose = ({ code }) => {
      this.ended = code;
    };
  }

  close(): void {
    this.#socket.close();
  }
}

test(`[R6 F16] SIGHUP again and again under ${clientCount} clients and ${machineCount} machines: nobody is dropped, nothing is lost`, async () => {
  const news = { name: "news", allow_subscribe_for_client: true, history_size: 50, history_ttl: "60s" };
  const gone = { name: "gone", allow_subscribe_for_client: true };
  const config = (namespaces: readonly object[], more: object = {}) => ({ channel: { namespaces }, ...more });
  const fleetcast = await Fleetcast.started({ config: config([news, gone]) });
  const file = `${fleetcast.dataDir}.config.json`;
  try {
    // By its address: the file that it would read the broker from is broken again and again below.
    const broker = `mqtt://127.0.0.1:${fleetcast.mqttPort}`;
    const simulator = fleetcast.cliProcess("simulate", "--url", broker, "--count", String(machineCount), "--interval", "1s");
    await simulator.waitForOutput(/machines speak to/, 30_000);
    const token = await bearerToken({ sub: "42" });
    const watchers: Watcher[] = [];
    for (let made = 0; made < clientCount; made += 50) {
      const some = Array.from({ length: 50 }, () => new Watcher(fleetcast.websocket, token, ["news:a", "gone:a"]));
      await Promise.all(some.map(({ ready }) => ready));
      watchers.push(...some);
    }
    const files: readonly string[] = [
      JSON.stringify(config([news, gone])),
      JSON.stringify(config([{ ...news, presence: true }, gone], { client: { channel_limit: 64 } })),
      JSON.stringify(config([news, gone])).slice(0, 60),
      JSON.stringify(config([news, news])),
      JSON.stringify(config([news, gone], { http_server: { internal_port: 1 } })),
      JSON.stringify(config([{ ...news, history_size: 60, allow_presence_for_subscriber: true }, gone])),
    ];
    for (let n = 1; n <= publicationCount; n += 1) {
      const published = fleetcast.api("publish", { channel: "news:a", data: { n } });
      writeFileSync(file, files[n % files.length]!);
      fleetcast.process.child.kill("SIGHUP");
      await published;
      if (n % 50 === 0) await fleetcast.api("publish", { channel: "gone:a", data: { n } });
    }
    writeFileSync(file, JSON.stringify(config([news])));
    fleetcast.process.child.kill("SIGHUP");
    const isDone = () => watchers.every((watcher) => watcher.unsubscribed !== undefined && watcher.offsets.length >= publicationCount);
    for (let waitedMs = 0; !isDone() && waitedMs < 20_000; waitedMs += 50) await sleep(50);

    const every = Array.from({ length: publicationCount }, (_, index) => index + 1);
    for (const watcher of watchers) {
      assert.equal(watcher.ended, undefined, "a client was dropped");
      assert.equal(watcher.unsubscribed, 2_000);
      assert.deepEqual(watcher.offsets, every);
    }
    const lines = fleetcast.process.output.split("\n");
    const taken = lines.filter((line) => /the configuration (was reloaded|is as it was)/.test(line)).length;
    const refused = lines.filter((line) => line.includes("was not reloaded, the old one stays")).length;
    assert.ok(taken > 20 && refused > 20, `${taken} taken, ${refused} refused`);
    assert.ok(
      !lines.some((line) => line.includes('"level":"error"') && !line.includes("was not reloaded")),
      fleetcast.process.output.slice(-2_000),
    );
    assert.ok(simulator.running, "the machines are still there");
    await simulator.end("SIGINT");
    for (const watcher of watchers) watcher.close();
  } finally {
    assert.equal(await fleetcast.stop(), 0);
    await fleetcast.remove();
  }
});
