import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../testing/hand-clock.ts";
import { addressGroup, createLogin } from "./login.ts";
import type { User } from "./user.ts";

const anna: User = { id: "u_AAAAAAAAAA", name: "anna", role: "viewer", generation: 1 };

async function login(gate: { wait: Promise<void> } = { wait: Promise.resolve() }) {
  const clock = handClock(0);
  const verified: string[] = [];
  const blocked = new Set<string>();
  const enter = await createLogin({
    users: { byName: (name) => (name === "anna" ? anna : undefined), passwordHash: () => "hash of right" },
    hasher: {
      hash: async () => "hash of nobody",
      verify: async (password, hash) => {
        verified.push(hash);
        await gate.wait;
        return hash === `hash of ${password}`;
      },
    },
    isBlocked: (id) => blocked.has(id),
    clock,
  });
  const attempt = async (name: string, password: string, address = "192.0.2.1") => {
    const outcome = await enter({ name, password, address });
    return outcome.kind === "throttled" ? `later ${outcome.retryAfterS}` : outcome.kind;
  };
  return { clock, verified, blocked, attempt };
}

test("[H13] an unknown name costs one hash like a known one and gets the same answer", async () => {
  const { attempt, verified } = await login();
  assert.equal(await attempt("anna", "wrong"), "wrong");
  assert.equal(await attempt("nobody", "wrong"), "wrong");
  assert.deepEqual(verified, ["hash of right", "hash of nobody"]);
  // The dummy's own password opens nothing.
  assert.equal(await attempt("nobody", "nobody"), "wrong");
  assert.equal(await attempt("anna", "right"), "ok");
});

test("[H13] [S19] a name gets five attempts, then a growing delay in which the right password is refused too", async () => {
  const { attempt, clock, verified } = await login();
  for (let count = 0; count < 5; count += 1) assert.equal(await attempt("anna", "wrong", `192.0.2.${count}`), "wrong");
  assert.equal(await attempt("anna", "right", "192.0.2.99"), "later 1");
  assert.equal(verified.length, 5);
  clock.advance(1_000);
  assert.equal(await attempt("ANNA", "wrong"), "wrong");
  assert.equal(await attempt("anna", "right"), "later 2");
  clock.advance(2_000);
  assert.equal(await attempt("anna", "wrong"), "wrong");
  assert.equal(await attempt("anna", "right"), "later 4");
  for (let count = 0; count < 8; count += 1) {
    clock.advance(30_000);
    await attempt("anna", "wrong");
  }
  assert.equal(await attempt("anna", "right"), "later 30");
  clock.advance(30_000);
  assert.equal(await attempt("anna", "right"), "ok");
  assert.equal(await attempt("anna", "wrong"), "wrong");
});

test("[H13] an address that tries many names is delayed, also between right logins of its own", async () => {
  const { attempt, clock } = await login();
  for (let count = 0; count < 20; count += 1) {
    assert.equal(await attempt(`name${count}`, "wrong"), "wrong");
    if (count % 5 === 0) assert.equal(await attempt("anna", "right"), "ok");
  }
  assert.equal(await attempt("anna", "right"), "later 1");
  assert.equal(await attempt("anna", "right", "192.0.2.2"), "ok");
  clock.advance(900_000);
  assert.equal(await attempt("anna", "right"), "ok");
});

test("[S19] a thousand attempts at once are not a thousand guesses", async () => {
  const { attempt, verified } = await login();
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, (_, count) => attempt("anna", `guess ${count}`)));
  assert.equal(outcomes.filter((each) => each === "wrong").length, 5);
  assert.equal(verified.length, 5);
});

test("[S21] two hashes at once, a bounded queue behind them", async () => {
  let open = () => {};
  const gate = { wait: new Promise<void>((resolve) => (open = resolve)) };
  const { attempt, verified } = await login(gate);
  const outcomes = Array.from({ length: 60 }, (_, count) => attempt(`name${count}`, "x", `198.51.100.${count}`));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(verified.length, 2);
  open();
  const settled = await Promise.all(outcomes);
  assert.equal(settled.filter((each) => each === "wrong").length, 34);
  assert.equal(settled.filter((each) => each === "later 1").length, 26);
});

test("[ADM7] somebody who is blocked is told so for the right password alone", async () => {
  const { attempt, blocked } = await login();
  blocked.add(anna.id);
  assert.equal(await attempt("anna", "wrong"), "wrong");
  assert.equal(await attempt("anna", "right"), "blocked");
  blocked.clear();
  assert.equal(await attempt("anna", "right"), "ok");
});

test("an IPv6 /64 counts as one address, a mapped IPv4 address as itself", () => {
  assert.equal(addressGroup("2001:db8:1:2:3:4:5:6"), addressGroup("2001:db8:1:2:ffff::1"));
  assert.notEqual(addressGroup("2001:db8:1:2::1"), addressGroup("2001:db8:1:3::1"));
  assert.equal(addressGroup("::ffff:192.0.2.1"), addressGroup("192.0.2.1"));
  assert.equal(addressGroup("unix"), "unix");
});
