import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../../testing/hand-clock.ts";
import { testKey } from "../../testing/token-forge.ts";
import { addressesMax, createKeySets, fetchCoolDownMs, keySetAgeMsMax, keySetStaleMsMax } from "./key-sets.ts";

const key = testKey("EdDSA");
const address = "https://id.example.com/keys";

/** A publisher of key sets whose answers a test changes: key ids, or an error. */
function publisher(first: Record<string, readonly string[] | Error> = { [address]: ["a"] }) {
  const clock = handClock(0);
  const answers = new Map(Object.entries(first));
  const asked: string[] = [];
  const warnings: string[] = [];
  const findKey = createKeySets({
    clock,
    warn: (message) => warnings.push(message),
    fetchKeySet: async (at) => {
      asked.push(at);
      const answer = answers.get(at) ?? new Error("404");
      if (answer instanceof Error) throw answer;
      return new TextEncoder().encode(JSON.stringify({ keys: answer.map((kid) => key.jwk({ kid })) }));
    },
  });
  return {
    clock,
    asked,
    warnings,
    publish: (kids: readonly string[] | Error, at = address) => void answers.set(at, kids),
    knows: async (kid: string, at = address) => (await findKey(at, kid)) !== undefined,
    atOnce: (kid: string) => !(findKey(address, kid) instanceof Promise),
  };
}

test("[J12] a known key is answered at once; its set is asked for once", async () => {
  const { knows, atOnce, asked } = publisher({ [address]: ["a", "b"] });
  assert.deepEqual(await Promise.all(["a", "b", "a", "c"].map((kid) => knows(kid))), [true, true, true, false]);
  assert.equal(asked.length, 1);
  assert.equal(atOnce("a"), true);
});

test("[F31] an unknown kid costs one request in thirty seconds, however many tokens carry it", async () => {
  const { knows, clock, asked } = publisher();
  assert.equal(await knows("a"), true);
  for (let second = 0; second < 120; second++) {
    for (let token = 0; token < 50; token++) assert.equal(await knows(`forged-${second}-${token}`), false);
    clock.advance(1_000);
  }
  assert.ok(asked.length <= 5, `${asked.length} requests in two minutes`);
});

test("[F31] a key that was published meanwhile is found once the cool-down is over", async () => {
  const { knows, publish, clock } = publisher();
  assert.equal(await knows("a"), true);
  publish(["a", "b"]);
  assert.equal(await knows("b"), false);
  clock.advance(fetchCoolDownMs);
  assert.equal(await knows("b"), true);
});

test("[F31] a key that was withdrawn stops within ten minutes", async () => {
  const { knows, publish, clock } = publisher();
  assert.equal(await knows("a"), true);
  publish(["b"]);
  clock.advance(keySetAgeMsMax - 1);
  assert.equal(await knows("a"), true);
  clock.advance(1);
  assert.equal(await knows("a"), false);
  assert.equal(await knows("b"), true);
});

test("[F31] the set is renewed in the background before it is too old, so nobody waits", async () => {
  const { knows, atOnce, clock, asked } = publisher();
  assert.equal(await knows("a"), true);
  for (let minute = 0; minute < 60; minute++) {
    clock.advance(59_000);
    assert.equal(atOnce("a"), true, `minute ${minute}`);
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(asked.length >= 6 && asked.length <= 8, `${asked.length} requests in an hour`);
});

test("[F31] cached keys live on while the address is down, for a day and no longer", async () => {
  const { knows, publish, clock, asked, warnings } = publisher();
  assert.equal(await knows("a"), true);
  publish(new Error("connection refused"));
  let hours = 0;
  for (; hours < 23; hours++) {
    clock.advance(3_600_000);
    assert.equal(await knows("a"), true, `hour ${hours}`);
    assert.equal(await knows("unknown"), false);
  }
  assert.equal(asked.length, 1 + hours);
  assert.equal(warnings.length, hours);
  clock.advance(keySetStaleMsMax - 23 * 3_600_000);
  assert.equal(await knows("a"), false);
  publish(["a"]);
  clock.advance(fetchCoolDownMs);
  assert.equal(await knows("a"), true);
});

test("[F31] an address that never answered denies, and is asked twice a minute", async () => {
  const { knows, clock, asked } = publisher({ [address]: new Error("timed out") });
  for (let second = 0; second < 60; second++) {
    assert.equal(await knows("a"), false);
    clock.advance(1_000);
  }
  assert.equal(asked.length, 2);
});

test("[J12] one tenant's key says nothing for another, under the same kid", async () => {
  const other = "https://id.example.com/other/keys";
  const { knows, asked } = publisher({ [address]: ["shared"], [other]: ["own"] });
  assert.equal(await knows("shared", address), true);
  assert.equal(await knows("shared", other), false);
  assert.equal(await knows("own", other), true);
  assert.deepEqual(asked, [address, other]);
});

test("[J5] no kid, and names of an object's own, find nothing and ask nobody twice", async () => {
  const { knows, asked } = publisher();
  assert.equal(await knows(""), false);
  assert.equal(asked.length, 0);
  for (const kid of ["__proto__", "constructor", "../../x", "' OR 1", "k".repeat(10_000)]) assert.equal(await knows(kid), false, kid);
  assert.equal(asked.length, 1);
});

test("[R2] more addresses than an operator lists are not asked", async () => {
  const { knows, asked } = publisher({});
  for (let tenant = 0; tenant < addressesMax + 50; tenant++) assert.equal(await knows("a", `https://id.example.com/${tenant}`), false);
  assert.equal(asked.length, addressesMax);
});

test("[A5] a warning names the address without what may be secret in it", async () => {
  const secret = "https://user:pass@id.example.com/keys?token=hunter2";
  const { knows, warnings } = publisher({});
  await knows("a", secret);
  assert.match(warnings[0]!, /https:\/\/id\.example\.com\/keys /);
  assert.doesNotMatch(warnings[0]!, /pass|hunter2/);
});
