import assert from "node:assert/strict";
import { personal } from "../configs/personal.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "personal",
  title: "A user's own channel, header users and concurrent commands",
  about: "What `subscribe_to_user_personal_channel`, `user_id_http_header`, `rpc.ping` and `client.concurrency` do to a connection.",
  config: personal,
});

const subsOf = (message: { connect: { subs?: Record<string, unknown> } } | undefined): string[] => Object.keys(message?.connect.subs ?? {});

rule("[UC1.1] a user is subscribed to its own channel by connecting", async (side) => {
  const client = await side.connect();
  assert.deepEqual(subsOf(client.messages[0] as never), [`own:#${side.user()}`]);
  await side.publish(`own:#${side.user()}`, { a: 1 });
  assert.deepEqual((await client.push("pub"))["data"], { a: 1 });
});

rule("[UC1.2] it recovers like any server-side subscription", async (side) => {
  const channel = `own:#${side.user()}`;
  const first = await side.publish(channel, 1);
  await side.publish(channel, 2);
  const subs = { [channel]: { recover: true, offset: 1, epoch: first["epoch"] } };
  const client = await side.connect({ request: { subs } });
  const sub = client.messages[0]!["connect"].subs[channel];
  assert.deepEqual([sub.recovered, sub.publications.length], [true, 1]);
});

rule(
  "[UC1.3] it stands beside the token's channels, and counts towards the limit",
  { compare: { anyOrder: "joins are" } },
  async (side) => {
    const two = [side.channel("open:a"), side.channel("open:b")];
    const client = await side.connect({ claims: { channels: two } });
    assert.deepEqual(subsOf(client.messages[0] as never).sort(), [...two, `own:#${side.user()}`].sort());
    const full = await side.open();
    full.send({ id: 1, connect: side.connectRequest({ user: side.user("bob"), claims: { channels: [...two, side.channel("open:c")] } }) });
    await full.closed(3505);
  },
);

rule("[UC1.4] a token that names it, too, brings nothing of its own to it", async (side) => {
  const channel = `own:#${side.user()}`;
  const client = await side.connect({
    claims: { subs: { [channel]: { data: { a: 1 }, override: { force_recovery: { value: false } } } } },
  });
  const sub = client.messages[0]!["connect"].subs[channel];
  assert.deepEqual([sub.data, sub.recoverable], [undefined, true]);
});

rule("[UC1.5] a refresh does not ask for it", async (side) => {
  const client = await side.connect({ claims: { channels: [side.channel("open:a")] } });
  const result = await client.ok("refresh", { token: side.token({ channels: [side.channel("open:a")] }) });
  assert.equal(result["expires"], true);
});

rule("[UC1.6] nor for a channel that the client subscribed to itself, where the token names it", async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("open:a"));
  const result = await client.ok("refresh", { token: side.token({ channels: [side.channel("open:a")] }) });
  assert.equal(result["expires"], true);
});

rule("[UC1.7] a token without a user has none", async (side) => {
  const client = await side.connect({ user: "" });
  assert.deepEqual(subsOf(client.messages[0] as never), []);
});

rule("[UC2.1] a second connection of a user ends the first with 3504", async (side) => {
  const first = await side.connect();
  const second = await side.connect();
  await first.closed(3504);
  await second.silent(100);
});

rule("[UC2.2] another user's connections stay", async (side) => {
  const other = await side.connect({ user: side.user("bob") });
  await side.connect();
  await side.connect();
  await other.silent(100);
});

rule("[CN6.1] a user that a header vouches for connects without a token", async (side) => {
  const client = await side.connect({ token: "", open: { headers: { "X-User-Id": side.user("hea") } } });
  assert.deepEqual(subsOf(client.messages[0] as never), [], "its own channel is not for it");
  await client.subscribe(side.channel("open:a"));
  const { presence } = await client.ok("presence", { channel: side.channel("open:a") });
  assert.deepEqual(
    Object.values(presence as Record<string, { user: string }>).map(({ user }) => user),
    [side.user("hea")],
  );
});

rule("[CN6.2] channels that it asks for are not looked at", async (side) => {
  const open = { headers: { "X-User-Id": side.user("hea") } };
  const client = await side.connect({ token: "", open, request: { subs: { [side.channel("open:a")]: {}, "nowhere:a": {} } } });
  assert.deepEqual(subsOf(client.messages[0] as never), []);
});

rule("[CN6.3] a token says who it is, whatever the header says", async (side) => {
  const client = await side.connect({ open: { headers: { "X-User-Id": side.user("hea") } } });
  assert.deepEqual(subsOf(client.messages[0] as never), [`own:#${side.user()}`]);
});

rule("[CN6.4] without a token and without a header: 3501; an empty header is none", async (side) => {
  for (const headers of [{}, { "X-User-Id": "" }]) {
    const client = await side.open({ headers });
    client.send({ id: 1, connect: {} });
    await client.closed(3501);
  }
});

rule("[CN6.5] its connections are limited as those of any user", async (side) => {
  const open = { headers: { "X-User-Id": side.user("hea") } };
  await side.connect({ token: "", open });
  await side.connect({ token: "", open });
  const third = await side.open(open);
  third.send({ id: 1, connect: {} });
  await third.closed(3504);
});

rule("[RP2.1] the ping method answers with nothing, whatever is asked with it", async (side) => {
  const client = await side.connect();
  assert.deepEqual(await client.ok("rpc", { method: "ping" }), {});
  assert.deepEqual(await client.ok("rpc", { method: "ping", data: { a: 1 } }), {});
});

rule("[C23.10] every other method is error 104 then, without a name, too", async (side) => {
  const client = await side.connect();
  for (const method of ["other", "ping:a", ":ping", ""]) await client.refused("rpc", { method, data: 1 }, 104);
});

rule(
  "[CC2.1] with concurrency each command is answered with its id, in any order",
  { compare: { anyOrder: "replies are" } },
  async (side) => {
    const client = await side.connect();
    const channel = side.channel("open:a");
    await client.subscribe(channel);
    client.send(
      ...Array.from({ length: 20 }, (_, n) => ({ id: 100 + n, presence: { channel } })),
      ...Array.from({ length: 20 }, (_, n) => ({ id: 200 + n, rpc: { method: "ping" } })),
    );
    for (let n = 0; n < 20; n++) {
      assert.ok((await client.reply(100 + n))["presence"]);
      assert.ok((await client.reply(200 + n))["rpc"]);
    }
  },
);

rule("[CC3.1] the second of two subscribes in one frame is error 105", { compare: { anyOrder: "replies are" } }, async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  client.send({ id: 10, subscribe: { channel } }, { id: 11, subscribe: { channel } });
  assert.equal((await client.reply(11))["error"].code, 105);
  assert.ok((await client.reply(10))["subscribe"]);
});

rule(
  "[CC4.1] an unsubscribe right behind a subscribe ends it",
  { compare: { off: "a join may be heard before the end, or not" } },
  async (side) => {
    const client = await side.connect();
    const channel = side.channel("open:a");
    client.send({ id: 10, subscribe: { channel } }, { id: 11, unsubscribe: { channel } });
    assert.ok((await client.reply(10))["subscribe"]);
    assert.ok((await client.reply(11))["unsubscribe"]);
    assert.deepEqual((await side.api("channels", { pattern: channel }))["channels"], {});
  },
);

rule("[CC5.1] send ends the connection with 3508, and an unknown command with 3501", async (side) => {
  const sending = await side.connect();
  sending.send({ send: { data: 1 } });
  await sending.closed(3508);
  const pinging = await side.connect({ user: side.user("bob") });
  pinging.send({ id: 9 });
  await pinging.closed(3501);
});

export default group;
