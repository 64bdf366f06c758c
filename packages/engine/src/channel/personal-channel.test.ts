import assert from "node:assert/strict";
import { type BenchSetup, EngineBench, test } from "../../testing/index.ts";

const bench = (personal: { namespace?: string; singleConnection?: boolean } = {}, setup: BenchSetup = {}) =>
  new EngineBench({
    namespaces: { own: { presence: true }, "": { presence: true } },
    ...setup,
    options: { ...setup.options, personalChannel: { namespace: "own", singleConnection: false, ...personal } },
  });

test("[UC1] a user is subscribed to its own channel by connecting", async () => {
  const client = await bench().connect({ user: "ann" });
  assert.deepEqual(client.messages[0]?.["connect"]["subs"], { "own:#ann": {} });
  const without = await bench({ namespace: "" }).connect({ user: "ann" });
  assert.deepEqual(without.messages[0]?.["connect"]["subs"], { "#ann": {} });
});

test("[UC1] nobody in particular has none, nor has a user that only a header vouches for", async () => {
  const b = bench();
  assert.equal((await b.connect({ user: "" })).messages[0]?.["connect"]["subs"], undefined);
  const { connect } = await b.open({ headerUser: "ann" }).call("connect");
  assert.equal(connect["subs"], undefined);
});

test("[UC1] it stands beside the token's channels, and a refresh does not ask for it", async () => {
  const client = await bench({}, { namespaces: { own: {}, news: {} } }).connect({ user: "ann", channels: ["news:a"] });
  assert.deepEqual(Object.keys(client.messages[0]?.["connect"]["subs"]), ["news:a", "own:#ann"]);
  const { refresh } = await client.call("refresh", { token: JSON.stringify({ user: "ann", channels: ["news:a"] }) });
  assert.deepEqual(refresh, {});
});

test("[UC2] with a single connection a user's former ones end with 3504, and only those", async () => {
  const b = bench({ singleConnection: true });
  const [first, other] = [await b.connect({ user: "ann" }), await b.connect({ user: "bob" })];
  const second = await b.connect({ user: "ann" });
  assert.deepEqual([first.closeCode, second.closeCode, other.closeCode], [3504, undefined, undefined]);
  assert.deepEqual([...b.engine.presence("own:#ann").keys()], [second.id]);
});

test("[UC2] of two that connect at the same moment one remains", async () => {
  const b = bench({ singleConnection: true });
  const clients = [b.open(), b.open(), b.open()];
  for (const client of clients) client.say(JSON.stringify({ id: 1, connect: { token: JSON.stringify({ user: "ann" }) } }));
  await b.clock.settle();
  assert.deepEqual(
    clients.map(({ closeCode }) => closeCode),
    [3504, 3504, undefined],
  );
});

test("[UC2] the former connection makes room under the limit of connections", async () => {
  const b = bench({ singleConnection: true }, { options: { userConnectionLimit: 1 } });
  await b.connect({ user: "ann" });
  assert.equal((await b.connect({ user: "ann" })).closeCode, undefined);
});

test("[OPT1] an unknown namespace, and a single connection without presence to find it by, stop the start", () => {
  assert.throws(() => bench({ namespace: "nowhere" }), /nowhere/);
  assert.throws(() => bench({ singleConnection: true }, { namespaces: { own: {} } }), /presence/);
});
