import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Fleetcast } from "../harness/fleetcast.ts";
import { Sdk, type SdkEvent } from "../harness/sdk.ts";
import { bearerToken } from "../harness/tokens.ts";

const perSecond = 5;
const history = { allow_subscribe_for_client: true, history_size: 300, history_ttl: "300s", force_recovery: true };

let server: Fleetcast;
before(async () => {
  server = await Fleetcast.started({
    config: {
      mqtt: { enabled: false },
      // A position check within a test: whatever pacing leaves out must not look like a loss.
      client: { presence_update_interval: "1s", channel_position_check_delay: "1s" },
      channel: { namespaces: [{ name: "vm", ...history, allowed_delta_types: ["fossil"], delta_publish: true }] },
      push: { channels: { vm: { max_rate: perSecond } } },
    },
  });
});
after(() => server.remove());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function publish(channel: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    await server.api("publish", { channel, data: { n, text: "some words that stay as they are ".repeat(4) } });
    await pause(18);
  }
}

const numbers = (events: readonly SdkEvent[]) => events.map(({ data }) => data.n as number);

for (const { protobuf, delta } of [
  { protobuf: false, delta: undefined },
  { protobuf: true, delta: undefined },
  { protobuf: false, delta: "fossil" },
]) {
  const name = `${protobuf ? "protobuf" : "json"}${delta === undefined ? "" : ", delta"}`;
  test(`[PA1] [PA2] [PA4] the official client (${name}) lives with a paced channel: gaps, a cut, recovery`, async (t) => {
    const channel = `vm:${name.replace(/\W/g, "")}`;
    const sdk = new Sdk({ url: server.websocket, token: await bearerToken({ sub: "ann" }), protobuf });
    t.after(() => sdk.end());
    await sdk.connect();
    await sdk.subscribe(channel, delta === undefined ? {} : { delta });
    const started = performance.now();
    await publish(channel, 1, 100);
    const seconds = (performance.now() - started) / 1_000;
    await sdk.next("publication", ({ data }) => data.n === 100);
    const first = numbers(sdk.publications(channel));
    assert.ok(first.length <= Math.ceil(seconds * perSecond) + 1, `${first.length} in ${seconds} s`);
    assert.ok(first.length >= 4 && first.every((n, at) => n > (first[at - 1] ?? 0)), String(first));
    await pause(2_500);
    await sdk.call("disconnect");
    await sdk.next("disconnected");
    await publish(channel, 101, 140);
    await sdk.call("connect");
    const back = await sdk.next("subscribed", (event) => event.wasRecovering === true);
    assert.equal(back.recovered, true);
    await publish(channel, 141, 150);
    await sdk.next("publication", ({ data }) => data.n === 150);
    const all = numbers(sdk.publications(channel));
    assert.equal(all[first.length], 140, "of what was missed the newest");
    assert.ok(
      all.every((n, at) => n > (all[at - 1] ?? 0)),
      String(all),
    );
    assert.deepEqual(
      sdk.events.filter(({ event, code }) => event === "subscribing" && code === 2_500),
      [],
      "nobody was told of a gap",
    );
  });
}
