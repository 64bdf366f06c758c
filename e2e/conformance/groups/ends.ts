import assert from "node:assert/strict";
import { ends } from "../configs/ends.ts";
import { type Client, pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import { formats, type Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "ends",
  title: "Forgotten streams, and the end of a server",
  about: "What subscribers are told when a stream begins anew, and what clients are told when the server stops.",
  config: ends,
});

rule("[LOG12.1] a stream that nobody touched for history_meta_ttl begins anew", async (side) => {
  const channel = side.channel("fleeting:a");
  const first = await side.publish(channel, 1);
  await pause(4_200);
  const second = await side.publish(channel, 2);
  assert.deepEqual([second["offset"], second["epoch"] === first["epoch"]], [1, false]);
});

rule("[P2.1] a subscriber is told when its stream began anew: 2500, and its subscription has ended", async (side) => {
  const channel = side.channel("fleeting:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1);
  await client.push("pub", channel);
  await pause(4_200);
  await side.publish(channel, 2);
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2500, reason: "insufficient state" });
  await side.publish(channel, 3);
  await client.silent();
});

rule("[P2.2] a server-side subscription ends the connection: 3010", async (side) => {
  const channel = side.channel("fleeting:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  await side.publish(channel, 1);
  await client.push("pub", channel);
  await pause(4_200);
  await side.publish(channel, 2);
  await client.closed(3010);
});

rule("[P2.3] the official client subscribes again and knows that it was not recovered", { limitMs: 30_000 }, async (side) => {
  const channel = side.channel("fleeting:a");
  const sdk = side.sdk();
  await sdk.connect();
  await sdk.subscribe(channel);
  await side.publish(channel, 1);
  await sdk.next("publication");
  await pause(4_200);
  await side.publish(channel, 2);
  assert.equal((await sdk.next("subscribing")).code, 2500);
  const again = await sdk.next("subscribed");
  assert.deepEqual([again.wasRecovering, again.recovered], [true, false]);
});

/** Everybody connected hears 3001, the process ends with 0, and a socket that said nothing ends like this. */
const stops =
  (silentEnds: (silent: Client) => Promise<void>) =>
  async (side: Side): Promise<void> => {
    const [first, second] = [await side.connect(), await side.connect()];
    await first.subscribe(side.channel("open:a"));
    const silent = await side.open();
    const protobuf = await side.open({}, formats.protobuf);
    await protobuf.ok("connect", side.connectRequest());
    const code = await side.engine.end("SIGTERM");
    for (const client of [first, second, protobuf]) await client.closed(3001);
    await silentEnds(silent);
    assert.equal(code, 0);
  };

rule(
  "[R3.1] a server that is told to stop says 3001 to everybody and ends with 0",
  {
    alone: true,
    formats: ["json"],
    differs: { deviation: "a socket that has not connected, when the server stops", real: stops((silent) => silent.cutOff()) },
  },
  stops((silent) => silent.closed(3001)),
);

export default group;
