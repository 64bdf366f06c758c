import assert from "node:assert/strict";
import { sharedPolls } from "../configs/shared-polls.ts";
import { conformance } from "../harness/rule.ts";
import { eventually, follower, Values, values } from "../harness/shared-polls.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "shared-poll-publish",
  title: "Shared polls: publishing",
  about: "Values that the server API says before the backend is asked.",
  config: sharedPolls,
});

const http = { formats: ["http"] } as const;
const atOwnTimes = { compare: { off: "rounds come at their own times" } } as const;

function refused(id: string, what: string, code: number, request: (side: Side) => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, http, async (side) => {
    const { body } = await side.apiAnswer("shared_poll_publish", request(side));
    assert.equal(JSON.parse(body).error?.code, code, body);
  });
}

const whole = (side: Side, name = "set:a"): Wire => ({ channel: side.channel(name), key: "k", data: { n: 1 }, version: 1 });
const without = (request: Wire, name: string): Wire => Object.fromEntries(Object.entries(request).filter(([field]) => field !== name));

refused("SP40.1", "no channel", 107, (side) => without(whole(side), "channel"));
refused("SP40.2", "no key", 107, (side) => without(whole(side), "key"));
refused("SP40.3", "no version", 107, (side) => without(whole(side), "version"));
refused("SP40.4", "no key, in an unknown namespace", 107, (side) => without(whole(side, "nope:a"), "key"));
refused("SP40.5", "an unknown namespace", 102, (side) => whole(side, "nope:a"));
refused("SP40.6", "a stream", 107, (side) => whole(side, "stream:a"));
refused("SP40.7", "a map", 107, (side) => whole(side, "map:a"));
refused("SP40.8", "not allowed", 108, (side) => whole(side, "ver:a"));
refused("SP40.9", "not allowed, with bad base64", 108, (side) => ({ ...whole(side, "ver:a"), b64data: "!" }));
refused("SP40.10", "bad base64", 107, (side) => ({ ...whole(side), b64data: "!" }));
refused("SP40.11", "no data", 107, (side) => without(whole(side), "data"));
refused("SP40.12", "data of another format", 107, (side) => ({ ...whole(side, "setobject:a"), data: 5 }));

rule("[SP40.13] a channel that nobody follows takes it: `{}`, also in the form with method and params", http, async (side) => {
  assert.deepEqual(await side.api("shared_poll_publish", whole(side)), {});
  const command = { id: 3, method: "shared_poll_publish", params: whole(side) };
  assert.deepEqual(JSON.parse((await side.apiAnswer("/api", command)).body), { id: 3, result: {} });
  const batch = { commands: [{ shared_poll_publish: whole(side) }, { shared_poll_publish: without(whole(side), "key") }] };
  const { replies } = JSON.parse((await side.apiAnswer("batch", batch)).body);
  assert.deepEqual(replies, [{ shared_poll_publish: {} }, { error: { code: 107, message: "bad request" } }]);
});

rule("[SP41.1] a higher version goes to the followers of the key at once; the same and lower ones do not", async (side) => {
  new Values(side, { k: { data: 1, version: 5 } });
  const channel = side.channel("set:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@5"]);
  for (const version of [5, 4, 7]) await side.api("shared_poll_publish", { channel, key: "k", data: { n: version }, version });
  assert.deepEqual(await client.push("pub", channel), { data: { n: 7 }, key: "k", version: 7 });
  await side.api("shared_poll_publish", { channel, key: "other", data: 1, version: 9 });
  await client.silent();
});

rule("[SP41.2] the backend is told the version that was published", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 5 } });
  backend.leavesOutUnchanged = true;
  const channel = side.channel("setquick:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@5"]);
  await side.api("shared_poll_publish", { channel, key: "k", b64data: Buffer.from('{"n":8}').toString("base64"), version: 8 });
  assert.deepEqual(await values(client, channel, 1), ['k={"n":8}@8']);
  await eventually("a round with it", () => backend.asked.at(-1) === "k@8");
  await client.silent(300);
  backend.items = { k: { data: 9, version: 9 } };
  assert.deepEqual(await values(client, channel, 1), ["k=9@9"]);
});

rule("[SP41.3] another epoch: 2500; under it the publication says it", async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 5 } });
  const channel = side.channel("set:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@5"]);
  await side.api("shared_poll_publish", { channel, key: "k", data: 2, version: 1, epoch: "next" });
  assert.equal((await client.push("unsubscribe", channel))["code"], 2500);
  await client.silent();
  backend.epoch = "next";
  backend.items = { k: { data: 2, version: 1 } };
  assert.equal((await client.subscribe(channel, { type: 4 }))["epoch"], "next");
});

export default group;
