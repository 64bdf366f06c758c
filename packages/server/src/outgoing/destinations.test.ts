import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../auth/testing/hand-clock.ts";
import { createDestinations, DestinationRefused } from "./destinations.ts";

/** A name server whose answers a test changes. */
function names(table: Record<string, readonly string[]>, privateNetworks: readonly string[] = []) {
  const clock = handClock(0);
  let asked = 0;
  const destinations = createDestinations({
    clock,
    privateNetworks,
    resolve: async (name) => {
      asked++;
      const addresses = table[name];
      if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
      return addresses;
    },
  });
  const find = async (name: string, rule: "configured" | "public" = "configured") => {
    const found = await destinations.find(name, rule);
    return found.kind === "as written" ? found.kind : found.addresses;
  };
  return { table, clock, find, asked: () => asked };
}

test("[OUT2] an address or localhost that the configuration names is asked as written, without a name server", async () => {
  const { find, asked } = names({});
  for (const host of ["127.0.0.1", "[::1]", "10.0.0.7", "localhost", "app.localhost", "169.254.169.254"]) {
    assert.equal(await find(host), "as written", host);
  }
  assert.equal(asked(), 0);
});

test("[OUT2] a name of the operator's network may be private, never link-local", async () => {
  const { find } = names({ backend: ["172.18.0.3"], mixed: ["169.254.169.254", "10.0.0.1", "1.1.1.1"], metadata: ["169.254.169.254"] });
  assert.deepEqual(await find("backend"), ["172.18.0.3"]);
  assert.deepEqual(await find("mixed"), ["10.0.0.1", "1.1.1.1"]);
  await assert.rejects(find("metadata"), DestinationRefused);
  await assert.rejects(find("nothing-there"), /ENOTFOUND/);
});

test("[OUT3] a name that was public stays public: what it leads to later is judged again", async () => {
  const { find, table, clock } = names({ "id.example.com": ["93.184.216.34"], backend: ["10.0.0.1"] });
  assert.deepEqual(await find("id.example.com"), ["93.184.216.34"]);
  assert.deepEqual(await find("backend"), ["10.0.0.1"]);
  for (const rebound of ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "::ffff:127.0.0.1"]) {
    table["id.example.com"] = [rebound];
    clock.advance(10_001);
    await assert.rejects(find("id.example.com"), DestinationRefused, rebound);
  }
  table["id.example.com"] = ["127.0.0.1", "93.184.216.35"];
  table["backend"] = ["10.0.0.2"];
  clock.advance(10_001);
  assert.deepEqual(await find("id.example.com"), ["93.184.216.35"]);
  assert.deepEqual(await find("backend"), ["10.0.0.2"]);
});

test("[OUT4] a host that something foreign took part in choosing must be public, also as an address", async () => {
  const { find } = names({ "a.example.com": ["93.184.216.34"], "b.example.com": ["10.0.0.1"] });
  assert.deepEqual(await find("a.example.com", "public"), ["93.184.216.34"]);
  assert.deepEqual(await find("93.184.216.34", "public"), ["93.184.216.34"]);
  for (const host of ["b.example.com", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254"]) {
    await assert.rejects(find(host, "public"), DestinationRefused, host);
  }
});

test("[OUT4] networks that the operator lists are open to every name", async () => {
  const { find, table, clock } = names({ "b.example.com": ["10.0.0.1"], "c.example.com": ["10.1.0.1"] }, ["10.0.0.0/16", "fd00::/8"]);
  assert.deepEqual(await find("b.example.com", "public"), ["10.0.0.1"]);
  assert.deepEqual(await find("[fd00::7]", "public"), ["fd00::7"]);
  assert.deepEqual(await find("::ffff:10.0.0.9", "public"), ["::ffff:10.0.0.9"]);
  await assert.rejects(find("c.example.com", "public"), DestinationRefused);
  table["b.example.com"] = ["169.254.169.254"];
  clock.advance(10_000);
  await assert.rejects(find("b.example.com", "public"), DestinationRefused);
});

test("the addresses of a name are kept for ten seconds, and asked for once at a time", async () => {
  const { find, clock, asked } = names({ backend: ["10.0.0.1"] });
  await Promise.all(Array.from({ length: 50 }, () => find("backend")));
  assert.equal(asked(), 1);
  clock.advance(9_999);
  await find("Backend.");
  assert.equal(asked(), 1);
  clock.advance(1);
  await find("backend");
  assert.equal(asked(), 2);
});

test("a name that could not be found is asked for again", async () => {
  const { find, table } = names({});
  await assert.rejects(find("backend"));
  table["backend"] = ["10.0.0.1"];
  assert.deepEqual(await find("backend"), ["10.0.0.1"]);
});
