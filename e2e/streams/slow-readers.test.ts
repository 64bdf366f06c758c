import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { opcodes, RawWebSocket } from "../conformance/harness/raw-websocket.ts";
import { Fleetcast } from "../harness/fleetcast.ts";
import { eventually } from "../harness/process.ts";
import { bearerToken } from "../harness/tokens.ts";

/** The kernel takes some 4 MB for a peer that reads nothing; only what comes behind shows a policy. */
const count = 1_500;
const pad = "x".repeat(8_000);
const history = { allow_subscribe_for_client: true, history_size: 2_000, history_ttl: "300s", force_recovery: true };

let server: Fleetcast;
before(async () => {
  server = await Fleetcast.started({
    config: {
      mqtt: { enabled: false },
      // Whoever takes nothing for this long is closed under every policy.
      websocket: { write_timeout: "60s" },
      channel: { namespaces: ["close", "latest", "catch", "kept"].map((name) => ({ name, ...history })) },
      push: {
        channels: {
          latest: { slow_readers: "latest" },
          catch: { slow_readers: "catch_up" },
          kept: { slow_readers: "catch_up", journal: true },
        },
      },
    },
  });
});
after(() => server.remove());

/** A client of one channel that can stop reading. */
class Reader {
  readonly offsets: number[] = [];
  ending: string | undefined;
  readonly #websocket: RawWebSocket;

  private constructor(websocket: RawWebSocket) {
    this.#websocket = websocket;
    websocket.onMessage = (_opcode, payload) => {
      for (const line of payload.toString("utf8").split("\n")) this.#read(line);
    };
    websocket.onEnding = (ending) => {
      this.ending = ending.kind === "cut" ? "cut" : String(ending.code);
    };
  }

  static async of(channel: string): Promise<Reader> {
    const reader = new Reader(await RawWebSocket.open({ port: server.httpPort }));
    reader.#say({ id: 1, connect: { token: await bearerToken({ sub: "ann" }) } });
    reader.#say({ id: 2, subscribe: { channel } });
    await eventually(`the subscription of ${channel}`, 10_000, () => (reader.#isSubscribed ? true : undefined));
    return reader;
  }

  #isSubscribed = false;

  freeze(): void {
    this.#websocket.socket.pause();
  }

  thaw(): void {
    this.#websocket.socket.resume();
  }

  #say(command: unknown): void {
    this.#websocket.send(opcodes.text, JSON.stringify(command));
  }

  #read(line: string): void {
    const message = JSON.parse(line) as { subscribe?: unknown; push?: { pub?: { offset: number } } };
    if (line === "{}") this.#say({});
    if (message.subscribe !== undefined) this.#isSubscribed = true;
    if (message.push?.pub !== undefined) this.offsets.push(message.push.pub.offset);
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

test("[SR1] [SR2] [SR3] [P6] frozen readers under three policies, in memory and in the journal, and healthy ones beside them", async () => {
  const channels = ["close:a", "latest:a", "catch:a", "kept:a"];
  const [closed, latest] = [await Reader.of("close:a"), await Reader.of("latest:a")];
  const caughtUp = [await Reader.of("catch:a"), await Reader.of("kept:a")];
  const healthy = await Promise.all(channels.map((channel) => Reader.of(channel)));
  for (const reader of [closed, latest, ...caughtUp]) reader.freeze();
  for (let n = 1; n <= count; n++) await server.api("broadcast", { channels, data: { n, pad } });
  for (const reader of healthy) {
    await eventually("everything at the healthy", 10_000, () => (reader.offsets.length === count ? true : undefined));
    assert.deepEqual(reader.offsets, upTo(count));
  }
  for (const reader of [closed, latest, ...caughtUp]) reader.thaw();
  await eventually("the end of the closed one", 10_000, () => closed.ending);
  for (const reader of caughtUp) {
    await eventually("everything at one that catches up", 20_000, () => (reader.offsets.length === count ? true : undefined));
    assert.deepEqual([reader.offsets, reader.ending], [upTo(count), undefined]);
  }
  await eventually("the newest", 10_000, () => (latest.offsets.at(-1) === count ? true : undefined));
  const taken = latest.offsets.length - 1;
  assert.ok(taken < count - 1, "something was skipped");
  assert.deepEqual(latest.offsets, [...upTo(taken), count]);
  assert.equal(latest.ending, undefined);
  await server.api("broadcast", { channels, data: { n: count + 1 } });
  for (const reader of [latest, ...caughtUp]) {
    await eventually("what follows live", 10_000, () => (reader.offsets.at(-1) === count + 1 ? true : undefined));
  }
});

test("[SR3] a reader that takes a little now and then gets everything", async () => {
  const reader = await Reader.of("catch:b");
  let isOver = false;
  const trickle = (async () => {
    while (!isOver) {
      reader.freeze();
      await new Promise((resolve) => setTimeout(resolve, 60));
      reader.thaw();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    reader.thaw();
  })();
  for (let n = 1; n <= count; n++) await server.api("publish", { channel: "catch:b", data: { n, pad } });
  await eventually("most of it", 30_000, () => (reader.offsets.length > count / 2 ? true : undefined));
  isOver = true;
  await trickle;
  await eventually("everything", 20_000, () => (reader.offsets.length === count ? true : undefined));
  assert.deepEqual(reader.offsets, upTo(count));
});
