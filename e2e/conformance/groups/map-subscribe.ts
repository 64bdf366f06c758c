import assert from "node:assert/strict";
import { maps } from "../configs/maps.ts";
import type { Client } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { askForMap, changes, type Position, position, refusedMap, removeKeys, setKeys, told } from "../harness/maps.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "map-subscribe",
  title: "Map subscriptions",
  about: "How a map is paged in, goes live, and is gone on with by who comes back.",
  config: maps,
});

/** A first request of a connected user is refused with this error. */
function refused(id: string, what: string, code: number, request: (side: Side) => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, async (side) => {
    const { channel, ...more } = request(side);
    await refusedMap(await side.connect(), channel, code, more);
  });
}

/** The first page of a map of these keys, and what the next request has to say. */
async function begun(side: Side, name: string, keys: readonly string[]): Promise<{ client: Client; channel: string; next: Wire }> {
  const channel = side.channel(name);
  await setKeys(side, channel, keys);
  const client = await side.connect();
  const { epoch, offset, cursor } = await askForMap(client, channel);
  return { client, channel, next: { epoch, offset, cursor } };
}

/** What the live reply says when a client comes back to a map that was at `from` when it left. */
async function back(side: Side, channel: string, from: Position, more: Wire = {}): Promise<Wire> {
  return askForMap(await side.connect(), channel, { phase: 0, recover: true, ...from, ...more });
}

rule("[MS1.1] an empty channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, subscribe: { channel: "", type: 1, phase: 2 } });
  await client.closed(3501);
});

refused("MS1.2", "a channel of 256 bytes, before its namespace is looked at", 107, (side) => ({
  channel: side.channel("nowhere:").padEnd(256, "x"),
}));

rule("[MS1.3] a second first request is error 105 and keeps the subscription", async (side) => {
  const client = await side.connect();
  const channel = side.channel("per:a");
  await askForMap(client, channel);
  await refusedMap(client, channel, 105);
  await client.refused("subscribe", { channel }, 105);
  await setKeys(side, channel, ["k"]);
  assert.deepEqual(await changes(client, channel, 1), ["k=k@1"]);
});

rule("[MS1.4] pages of a map that is live already: error 105", async (side) => {
  const { client, channel, next } = await begun(side, "per:a", ["a", "b", "c"]);
  await askForMap(client, channel, next);
  await refusedMap(client, channel, 105, next);
  await refusedMap(client, channel, 105, { phase: 0 });
});

rule("[MS1.5] maps that are still paged in count towards the channel limit: error 106", async (side) => {
  const { client } = await begun(side, "per:a", ["a", "b", "c"]);
  for (let n = 0; n < 11; n++) await askForMap(client, side.channel(`per:n${n}`));
  await refusedMap(client, side.channel("per:more"), 106);
  await client.refused("subscribe", { channel: side.channel("open:more") }, 106);
});

refused("MS1.6", "a cursor in a first request, before the namespace", 103, (side) => ({ channel: side.channel("nowhere:a"), cursor: "k" }));
refused("MS1.7", "an unknown namespace", 102, (side) => ({ channel: side.channel("nowhere:a") }));
refused("MS1.8", "a wrong name, before the type", 107, (side) => ({ channel: side.channel("re:UPPER"), type: 2 }));
refused("MS1.9", "map_clients on a map", 103, (side) => ({ channel: side.channel("per:a"), type: 2 }));
refused("MS1.10", "map_users on a map", 103, (side) => ({ channel: side.channel("per:a"), type: 3 }));
refused("MS1.11", "a map on map_clients", 103, (side) => ({ channel: side.channel("who:a") }));
refused("MS1.12", "a map on a stream", 103, (side) => ({ channel: side.channel("open:a") }));
refused("MS1.13", "a stream on a map", 103, (side) => ({ channel: side.channel("per:a"), type: 0, phase: 0 }));
refused("MS1.14", "a shared poll on a map", 108, (side) => ({ channel: side.channel("per:a"), type: 4 }));
refused("MS1.15", "a namespace that allows nobody, before the phase", 103, (side) => ({ channel: side.channel("closed:a"), phase: 9 }));
refused("MS1.16", "`$` without a token", 103, (side) => ({ channel: `$${side.channel("per:a")}` }));
refused("MS1.18", "a token that is past", 109, (side) => ({
  channel: side.channel("closed:a"),
  token: side.subscriptionToken(side.channel("closed:a"), { exp: inSeconds(-5) }),
}));
refused("MS1.19", "an expiry that is past, before the phase", 110, (side) => ({
  channel: side.channel("closed:a"),
  token: side.subscriptionToken(side.channel("closed:a"), { expire_at: inSeconds(-5) }),
  phase: 9,
}));
refused("MS1.20", "changes without coming back", 103, (side) => ({ channel: side.channel("per:a"), phase: 1 }));
refused("MS1.21", "changes of an ephemeral map", 107, (side) => ({ channel: side.channel("eph:a"), phase: 1, recover: true }));
refused("MS1.22", "an unknown phase", 107, (side) => ({ channel: side.channel("per:a"), phase: 3 }));
refused("MS1.23", "a negative phase", 107, (side) => ({ channel: side.channel("per:a"), phase: -1 }));
refused("MS1.24", "a tags filter where none is allowed", 107, (side) => ({
  channel: side.channel("per:a"),
  tf: { key: "t", cmp: "eq", val: "1" },
}));
refused("MS1.25", "a tags filter that is not well formed", 107, (side) => ({
  channel: side.channel("tf:a"),
  tf: { key: "t", cmp: "near" },
}));

rule("[MS1.17] a token of another channel ends the connection with 3500", async (side) => {
  const client = await side.connect();
  const channel = side.channel("closed:a");
  client.send({ id: 7, subscribe: { channel, type: 1, phase: 2, token: side.subscriptionToken(side.channel("closed:b")) } });
  await client.closed(3500);
});

rule("[MS1.26] nobody subscribes where only users may; where anybody may, they do", async (side) => {
  const client = await side.connect({ token: "" });
  await refusedMap(client, side.channel("per:a"), 103);
  assert.equal((await askForMap(client, side.channel("anon:a")))["type"], 1);
});

rule("[MS2.1] a delta that is unknown, or not allowed, is not granted, and no error", async (side) => {
  const client = await side.connect();
  assert.equal((await askForMap(client, side.channel("delta:a"), { delta: "other" }))["delta"], undefined);
  assert.equal((await askForMap(client, side.channel("per:a"), { delta: "fossil" }))["delta"], undefined);
});

rule("[MS3.1] an empty map goes live with the first request; its epoch is there", async (side) => {
  const channel = side.channel("per:a");
  const { epoch } = await position(side, channel);
  const client = await side.connect();
  assert.deepEqual(await askForMap(client, channel), { recoverable: true, epoch, type: 1 });
  await setKeys(side, channel, ["k"]);
  assert.deepEqual(await changes(client, channel, 1), ["k=k@1"]);
});

rule("[MS3.2] an ephemeral one has an epoch and no position", async (side) => {
  const channel = side.channel("eph:a");
  const { epoch } = await position(side, channel);
  const client = await side.connect();
  assert.deepEqual(await askForMap(client, channel), { epoch, type: 1 });
  await setKeys(side, channel, ["k"]);
  assert.deepEqual(await changes(client, channel, 1), ["k=k"]);
});

rule("[MS3.3] type 1 is the type of every reply, also of map_clients and map_users", async (side) => {
  const client = await side.connect();
  assert.equal((await askForMap(client, side.channel("who:a"), { type: 2 }))["type"], 1);
  assert.equal((await askForMap(client, side.channel("users:a"), { type: 3 }))["type"], 1);
});

rule("[MS3.4] a token is looked at in the first request only; its expiry stands in the live reply, its data nowhere", async (side) => {
  const channel = side.channel("closed:a");
  await setKeys(side, channel, ["a", "b", "c"]);
  const client = await side.connect();
  const token = side.subscriptionToken(channel, { expire_at: inSeconds(300), b64data: "e30=" });
  const first = await askForMap(client, channel, { token });
  assert.deepEqual([first["phase"], first["expires"], first["ttl"]], [2, undefined, undefined]);
  const { epoch, offset, cursor } = first;
  const last = await askForMap(client, channel, { token: "no token", epoch, offset, cursor });
  assert.equal(last["expires"], true);
  assert.equal(last["data"], undefined);
  assert.deepEqual(told(last["state"]), ["c=c@3"]);
});

rule("[MS4.1] the state comes in pages, in the order of the keys' bytes", async (side) => {
  const keys = ["e", "～", "a", "é", "\u{10000}", "Z", "aa"];
  const { client, channel, next } = await begun(side, "per:a", keys);
  const seen: string[] = [];
  for (let { cursor } = next; ; ) {
    const page = await askForMap(client, channel, { ...next, cursor });
    seen.push(...(page["state"] ?? []).map((publication: Wire) => publication["key"]));
    if (page["phase"] !== 2) break;
    cursor = page["cursor"];
  }
  assert.deepEqual(["Z", "a", ...seen], ["Z", "a", "aa", "e", "é", "～", "\u{10000}"]);
});

rule("[MS4.2] a page says where the next begins, which position all of them are of, and its phase", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["c", "a", "b"]);
  const { epoch } = await position(side, channel);
  const page = await askForMap(await side.connect(), channel);
  assert.deepEqual(
    { ...page, state: told(page["state"]) },
    { epoch, offset: 3, type: 1, phase: 2, cursor: "b", state: ["a=a@2", "b=b@3"] },
  );
});

rule("[MS4.3] the client names its pages' size, within the namespace's bounds", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a", "b", "c", "d", "e"]);
  const sizes = [];
  for (const limit of [undefined, 0, 1, 3, 9, -1]) {
    const page = await askForMap(await side.connect(), channel, limit === undefined ? {} : { limit });
    sizes.push(page["state"].length);
  }
  assert.deepEqual(sizes, [2, 2, 2, 3, 4, 2]);
});

rule("[MS4.4] a page that holds the rest of the map goes live; there is no empty last page", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a", "b"]);
  const only = await askForMap(await side.connect(), channel);
  assert.deepEqual([only["phase"], only["cursor"], told(only["state"])], [undefined, undefined, ["a=a@1", "b=b@2"]]);
  await setKeys(side, channel, ["c", "d"]);
  const { client, next } = await begun(side, "per:a", []);
  const last = await askForMap(client, channel, next);
  assert.deepEqual([last["phase"], last["cursor"], told(last["state"])], [undefined, undefined, ["c=c@3", "d=d@4"]]);
});

rule("[MS4.5] a cursor that is no key of the map goes on behind where it would stand", async (side) => {
  const { client, channel, next } = await begun(side, "per:a", ["a", "b", "d"]);
  const last = await askForMap(client, channel, { ...next, cursor: "bzz" });
  assert.deepEqual(told(last["state"]), ["d=d@3"]);
});

rule("[MS4.6] info and tags of a key come with its page, its time does not", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"], { tags: { t: "1", u: "2" } });
  const client = await side.connect();
  await client.ok("publish", { channel, type: 1, key: "b", data: { v: 1 } });
  const { state } = await askForMap(client, channel);
  assert.deepEqual(state[0].tags, { t: "1", u: "2" });
  assert.deepEqual([state[1].info.user, state[1].info.client], [side.user(), client.id]);
  assert.equal(state[1].time, undefined);
});

rule("[MS5.1] what changes after the first page comes once, with the changes of the live reply", async (side) => {
  const { client, channel, next } = await begun(side, "per:a", ["a", "b", "c", "d"]);
  await setKeys(side, channel, ["a=2", "z"]);
  await removeKeys(side, channel, ["c"]);
  const last = await askForMap(client, channel, { ...next, limit: 4 });
  assert.deepEqual(
    [told(last["state"]), told(last["publications"]), last["offset"], last["recoverable"]],
    [["d=d@4"], ["a=2@5", "z=z@6", "-c@7"], 7, true],
  );
  await setKeys(side, channel, ["q"]);
  assert.deepEqual(await changes(client, channel, 1), ["q=q@8"]);
});

rule("[MS6.1] changes that do not fit a page are paged in, too", async (side) => {
  const { client, channel, next } = await begun(side, "wide:a", ["a", "b", "c"]);
  const { epoch } = next;
  await setKeys(side, channel, ["a=2", "b=2", "c=2", "d", "e"]);
  // Changed keys are hidden from the pages: they come with the changes.
  assert.deepEqual(await askForMap(client, channel, next), { epoch, offset: 3, type: 1, phase: 2, cursor: "d" });
  assert.deepEqual(await askForMap(client, channel, { epoch, offset: 3, cursor: "d" }), { epoch, offset: 3, type: 1, phase: 2 });
  const page = await askForMap(client, channel, { phase: 1, epoch, offset: 3 });
  assert.deepEqual([page["phase"], page["offset"], told(page["publications"])], [1, 5, ["a=2@4", "b=2@5"]]);
  await setKeys(side, channel, ["late"]);
  const more = await askForMap(client, channel, { phase: 1, epoch, offset: 5 });
  assert.deepEqual([more["phase"], told(more["publications"])], [1, ["c=2@6", "d=d@7"]]);
  const live = await askForMap(client, channel, { phase: 1, epoch, offset: 7 });
  assert.deepEqual([live["phase"], live["recoverable"], told(live["publications"])], [undefined, true, ["e=e@8", "late=late@9"]]);
  await setKeys(side, channel, ["q"]);
  assert.deepEqual(await changes(client, channel, 1), ["q=q@10"]);
});

for (const [n, phase] of [0, 1].entries()) {
  rule(
    `[MS7.${n + 1}] a client that comes back with phase ${phase} gets what it missed, and is told that it has everything`,
    async (side) => {
      const channel = side.channel("per:a");
      await setKeys(side, channel, ["a"]);
      const from = await position(side, channel);
      await setKeys(side, channel, ["b"]);
      await removeKeys(side, channel, ["a"]);
      const { publications, ...reply } = await back(side, channel, from, { phase });
      assert.deepEqual(told(publications), ["b=b@2", "-a@3"]);
      assert.deepEqual(reply, { recoverable: true, epoch: from.epoch, recovered: true, offset: 3, was_recovering: true, type: 1 });
    },
  );
}

rule("[MS7.3] who missed nothing is told so", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  const from = await position(side, channel);
  const reply = await back(side, channel, from);
  assert.deepEqual(reply, { recoverable: true, epoch: from.epoch, recovered: true, offset: 1, was_recovering: true, type: 1 });
});

rule("[MS7.4] a position without `recover` gets the changes, and no word of recovery", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a", "b"]);
  const { epoch } = await position(side, channel);
  const reply = await askForMap(await side.connect(), channel, { phase: 0, epoch, offset: 1 });
  assert.deepEqual([told(reply["publications"]), reply["recovered"], reply["was_recovering"]], [["b=b@2"], undefined, undefined]);
});

rule("[MS7.5] another epoch, and none: error 112", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  for (const phase of [0, 1]) {
    await refusedMap(await side.connect(), channel, 112, { phase, recover: true, epoch: "other", offset: 1 });
    await refusedMap(await side.connect(), channel, 112, { phase, recover: true, offset: 1 });
  }
});

rule("[MS7.6] a cleared map is another: error 112", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  const from = await position(side, channel);
  await side.api("map_clear", { channel });
  await setKeys(side, channel, ["a"]);
  await refusedMap(await side.connect(), channel, 112, { phase: 0, recover: true, ...from });
});

rule("[MS7.7] changes that are kept no longer: error 112", async (side) => {
  const channel = side.channel("rec:a");
  await setKeys(side, channel, ["a"]);
  const from = await position(side, channel);
  await setKeys(
    side,
    channel,
    Array.from({ length: 12 }, (_, n) => `k${n}`),
  );
  for (const phase of [0, 1]) await refusedMap(await side.connect(), channel, 112, { phase, recover: true, ...from });
});

rule("[MS7.8] more changes than go with a live reply: error 112; by pages they come", async (side) => {
  const channel = side.channel("wide:a");
  await setKeys(side, channel, ["a"]);
  const from = await position(side, channel);
  await setKeys(
    side,
    channel,
    Array.from({ length: 9 }, (_, n) => `k${n}`),
  );
  await refusedMap(await side.connect(), channel, 112, { phase: 0, recover: true, ...from });
  const page = await back(side, channel, from, { phase: 1 });
  assert.deepEqual([page["phase"], page["offset"], told(page["publications"])], [1, 3, ["k0=k0@2", "k1=k1@3"]]);
});

rule(
  "[MS7.9] changes that time has taken: error 112",
  {
    differs: {
      deviation: "a client returns, and changes that it missed are kept no longer",
      real: async (side) => {
        const { channel, from } = await forgotten(side);
        assert.equal((await back(side, channel, from))["recovered"], true);
      },
    },
  },
  async (side) => {
    const { channel, from } = await forgotten(side);
    await refusedMap(await side.connect(), channel, 112, { phase: 0, recover: true, ...from });
  },
);

async function forgotten(side: Side): Promise<{ channel: string; from: Position }> {
  const channel = side.channel("forgets:a");
  await setKeys(side, channel, ["a"]);
  const from = await position(side, channel);
  await setKeys(side, channel, ["b"]);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  return { channel, from };
}

rule(
  "[MS7.10] a position above the top: error 112",
  {
    differs: {
      deviation: "a client returns to an offset above the top",
      real: async (side) => {
        const channel = side.channel("per:a");
        await setKeys(side, channel, ["a"]);
        const { epoch } = await position(side, channel);
        assert.equal((await back(side, channel, { epoch, offset: 9 }))["recovered"], true);
      },
    },
  },
  async (side) => {
    const channel = side.channel("per:a");
    await setKeys(side, channel, ["a"]);
    const { epoch } = await position(side, channel);
    await refusedMap(await side.connect(), channel, 112, { phase: 0, recover: true, epoch, offset: 9 });
  },
);

rule(
  "[MS7.11] coming back to the beginning of a map whose first changes are kept no longer: error 112",
  {
    differs: {
      deviation: "or it returns to offset 0 of a trimmed stream",
      real: async (side) => {
        const { channel, from } = await trimmed(side);
        const reply = await back(side, channel, from);
        assert.deepEqual([reply["recovered"], told(reply["publications"])[0]], [true, "k2=k2@3"]);
      },
    },
  },
  async (side) => {
    const { channel, from } = await trimmed(side);
    await refusedMap(await side.connect(), channel, 112, { phase: 0, recover: true, ...from });
  },
);

async function trimmed(side: Side): Promise<{ channel: string; from: Position }> {
  const channel = side.channel("trims:a");
  const from = await position(side, channel);
  await setKeys(side, channel, ["k0", "k1", "k2", "k3"]);
  return { channel, from };
}

rule("[MS8.1] phase 0 joins an ephemeral map without its state; whoever comes back is recovered", async (side) => {
  const channel = side.channel("eph:a");
  await setKeys(side, channel, ["a"]);
  const client = await side.connect();
  const reply = await askForMap(client, channel, { phase: 0 });
  assert.deepEqual([reply["state"], reply["recovered"], reply["type"]], [undefined, undefined, 1]);
  const again = await back(side, channel, { epoch: "any", offset: 4 });
  assert.deepEqual([again["state"], again["recovered"], again["was_recovering"]], [undefined, true, true]);
  await setKeys(side, channel, ["b"]);
  assert.deepEqual(await changes(client, channel, 1), ["b=b"]);
});

rule("[MS9.1] while a map is paged in a first request is error 105, and changes nothing", async (side) => {
  const { client, channel, next } = await begun(side, "per:a", ["a", "b", "c"]);
  await refusedMap(client, channel, 105);
  await client.refused("subscribe", { channel }, 105);
  assert.deepEqual(told((await askForMap(client, channel, next))["state"]), ["c=c@3"]);
});

rule("[MS9.2] the type of a later page is not looked at", async (side) => {
  const { client, channel, next } = await begun(side, "per:a", ["a", "b", "c"]);
  assert.deepEqual(told((await askForMap(client, channel, { ...next, type: 3 }))["state"]), ["c=c@3"]);
});

rule("[MS9.3] another epoch in the middle is error 112, and the map is begun anew", async (side) => {
  const { client, channel, next } = await begun(side, "per:a", ["a", "b", "c"]);
  for (const [request, code] of [
    [{ ...next, epoch: "other" }, 112],
    [{ phase: 1, offset: 3, epoch: "other" }, 112],
    [{ phase: 0, offset: 3, epoch: "other" }, 112],
    [{ phase: 7 }, 107],
  ] as const) {
    await refusedMap(client, channel, code, request);
    await refusedMap(client, channel, 103, next);
    assert.equal((await askForMap(client, channel))["cursor"], "b");
  }
});

rule("[MS9.4] a map that is cleared while it is paged in: error 112", async (side) => {
  const { client, channel, next } = await begun(side, "per:a", ["a", "b", "c"]);
  await side.api("map_clear", { channel });
  await setKeys(side, channel, ["x"]);
  await refusedMap(client, channel, 112, next);
});

rule("[MS10.1] a page that is asked for too late ends the connection with 3008", async (side) => {
  const { client, channel, next } = await begun(side, "late:a", ["a", "b", "c"]);
  await new Promise((resolve) => setTimeout(resolve, 900));
  client.send({ id: 50, subscribe: { channel, type: 1, phase: 2, ...next } });
  await client.closed(3008);
});

rule("[MS10.2] what was given up is in the way of nothing: later the map is begun anew", async (side) => {
  const { client, channel } = await begun(side, "late:a", ["a", "b", "c"]);
  await new Promise((resolve) => setTimeout(resolve, 900));
  assert.equal((await askForMap(client, side.channel("late:b")))["type"], 1);
  assert.equal((await askForMap(client, channel))["cursor"], "b");
});

rule(
  "[MS11.1] an unsubscribe in the middle ends it at once",
  {
    limitMs: 15_000,
    differs: {
      deviation: "unsubscribe, by the client or the server API, while a map is paged in",
      real: async (side) => {
        const { client, channel } = await begun(side, "per:a", ["a", "b", "c"]);
        client.send({ id: 50, unsubscribe: { channel } });
        await client.closed(3004, 8_000);
      },
    },
  },
  async (side) => {
    const { client, channel, next } = await begun(side, "per:a", ["a", "b", "c"]);
    await client.ok("unsubscribe", { channel });
    await refusedMap(client, channel, 103, next);
    assert.equal((await askForMap(client, channel))["cursor"], "b");
  },
);

rule("[MS11.2] an unsubscribe of a live map ends it", async (side) => {
  const client = await side.connect();
  const channel = side.channel("per:a");
  await askForMap(client, channel);
  await client.ok("unsubscribe", { channel });
  await setKeys(side, channel, ["a"]);
  await client.settled();
  assert.deepEqual(client.pushed("pub"), []);
  assert.deepEqual(told((await askForMap(client, channel))["state"]), ["a=a@1"]);
});

rule("[MS11.3] and so does the server's, with its push", async (side) => {
  const client = await side.connect();
  const channel = side.channel("per:a");
  await askForMap(client, channel);
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2000, reason: "server unsubscribe" });
});

rule("[MS12.1] join, leave and presence of a map are those of its namespace, from the live reply on", async (side) => {
  const channel = side.channel("jl:a");
  const watching = await side.connect({ user: side.user("watcher") });
  await askForMap(watching, channel);
  assert.equal((await watching.push("join", channel))["info"].user, side.user("watcher"));
  const { client, next } = await begun(side, "jl:a", ["a", "b", "c"]);
  assert.equal(Object.keys((await watching.ok("presence", { channel }))["presence"]).length, 1);
  await askForMap(client, channel, next);
  assert.equal((await watching.push("join", channel))["info"].client, client.id);
  assert.equal(Object.keys((await watching.ok("presence", { channel }))["presence"]).length, 2);
  await client.ok("unsubscribe", { channel });
  assert.equal((await watching.push("leave", channel))["info"].client, client.id);
});

rule("[MS13.1] after a clear nobody hears anything until the next change: then everybody begins anew (2500)", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  const client = await side.connect();
  await askForMap(client, channel);
  await side.api("map_clear", { channel });
  await client.silent(80);
  await setKeys(side, channel, ["b"]);
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2500, reason: "insufficient state" });
  assert.deepEqual(told((await askForMap(client, channel))["state"]), ["b=b@1"]);
});

rule("[MS13.2] or the position check finds it", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  const client = await side.connect();
  await askForMap(client, channel);
  await side.api("map_clear", { channel });
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2500, reason: "insufficient state" });
});

rule("[MS13.3] a map that nobody changes leaves its subscribers in peace", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await client.silent(3_500);
  await setKeys(side, channel, ["a"]);
  assert.deepEqual(await changes(client, channel, 1), ["a=a@1"]);
});

rule("[MS14.1] a subscription that is not renewed ends (2501)", async (side) => {
  const channel = side.channel("closed:a");
  const client = await side.connect();
  const reply = await askForMap(client, channel, { token: side.subscriptionToken(channel, { expire_at: inSeconds(1) }) });
  assert.equal(reply["expires"], true);
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2501, reason: "subscription expired" });
});

rule("[MS14.2] one that is renewed goes on", async (side) => {
  const channel = side.channel("closed:a");
  const client = await side.connect();
  await askForMap(client, channel, { token: side.subscriptionToken(channel, { expire_at: inSeconds(60) }) });
  const renewed = await client.ok("sub_refresh", { channel, token: side.subscriptionToken(channel, { expire_at: inSeconds(300) }) });
  assert.equal(renewed["expires"], true);
});

rule(
  "[MS15.1] a subscribe proxy decides",
  {
    differs: {
      deviation: "subscribe proxy on a map",
      real: async (side) => {
        side.backend.on("/subscribe", () => ({ result: {} }));
        await refusedMap(await side.connect(), side.channel("asked:a"), 107);
      },
    },
  },
  async (side) => {
    const client = await side.connect();
    const channel = side.channel("asked:a");
    side.backend.on("/subscribe", () => ({ error: { code: 1403, message: "not you" } }));
    assert.equal((await client.call("subscribe", { channel, type: 1, phase: 2 }))["error"].code, 1403);
    side.backend.on("/subscribe", () => ({ result: {} }));
    assert.equal((await askForMap(client, channel))["type"], 1);
    assert.equal(side.backend.asked.length, 2);
  },
);

rule("[MS16.1] a subscription that the server made gets the changes and no state", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel });
  const push = await client.push("subscribe", channel);
  assert.deepEqual([push["recoverable"], push["positioned"], push["offset"]], [undefined, undefined, undefined]);
  await setKeys(side, channel, ["b"]);
  await removeKeys(side, channel, ["a"]);
  assert.deepEqual(await changes(client, channel, 2), ["b=b@2", "-a@3"]);
});

rule("[MS16.2] and so does one of a connection token", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  const client = await side.open();
  const reply = await client.ok("connect", side.connectRequest({ claims: { channels: [channel] } }));
  assert.deepEqual(reply["subs"], { [channel]: {} });
  await setKeys(side, channel, ["b"]);
  assert.deepEqual(await changes(client, channel, 1), ["b=b@2"]);
  await refusedMap(client, channel, 105);
});

rule("[MS17.1] nothing is lost and nothing comes twice while a map is paged in and changes all the time", async (side) => {
  const channel = side.channel("wide:a");
  const initial = Array.from({ length: 9 }, (_, n) => `k${n}`);
  await setKeys(side, channel, initial);
  const client = await side.connect();
  const known = new Map<string, string>();
  const apply = (publications: readonly Wire[] | undefined): void => {
    for (const { key, data, removed } of publications ?? []) {
      if (removed === true) known.delete(key as string);
      else known.set(key as string, data as string);
    }
  };
  let page = await askForMap(client, channel);
  for (let n = 0; ; n++) {
    apply(page["state"]);
    apply(page["publications"]);
    if (page["phase"] === undefined) break;
    await setKeys(side, channel, [`k${n % 9}=${n}`]);
    const { epoch, offset, cursor } = page;
    page = await askForMap(client, channel, cursor === undefined ? { phase: 1, epoch, offset } : { epoch, offset, cursor });
  }
  await setKeys(side, channel, ["end"]);
  for (;;) {
    const publication = await client.push("pub", channel);
    apply([publication]);
    if (publication["key"] === "end") break;
  }
  const { entries } = await side.api("map_read_state", { channel, limit: -1 });
  assert.deepEqual(new Map([...known].sort()), new Map(entries.map((entry: Wire) => [entry["key"], entry["data"]])));
});

rule(
  "[MS17.2] what changes behind a page of an ephemeral map follows the live reply",
  {
    differs: {
      deviation: "an ephemeral map changes while it is paged in",
      real: async (side) => {
        const client = await changedBehind(side);
        await client.settled();
        assert.deepEqual(told(client.pushed("pub")), []);
      },
    },
  },
  async (side) => {
    const client = await changedBehind(side);
    assert.deepEqual(await changes(client, side.channel("eph:a"), 2), ["a=2", "-b"]);
  },
);

/** Live on an ephemeral map of which `a` and `b` changed when their page had been read. */
async function changedBehind(side: Side): Promise<Client> {
  const { client, channel, next } = await begun(side, "eph:a", ["a", "b", "c"]);
  await setKeys(side, channel, ["a=2"]);
  await removeKeys(side, channel, ["b"]);
  assert.deepEqual(told((await askForMap(client, channel, next))["state"]), ["c=c"]);
  return client;
}

rule("[ML22.1] a key that is not set again goes, and its subscribers are told", async (side) => {
  for (const [name, at] of [
    ["brief:a", "@2"],
    ["briefeph:a", ""],
  ] as const) {
    const channel = side.channel(name);
    const client = await side.connect();
    await askForMap(client, channel);
    await setKeys(side, channel, ["k"]);
    assert.deepEqual(await changes(client, channel, 2), [`k=k${at === "" ? "" : "@1"}`, `-k${at}`]);
  }
});

export default group;
