import assert from "node:assert/strict";
import { test } from "node:test";
import { noProxies } from "@fleetcast/engine";
import { handClock, quietLog } from "../auth/testing/hand-clock.ts";
import type { ProxiesConfig } from "../config/config.ts";
import { type OutgoingAnswer, OutgoingFailure, type OutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { Backend, callsAtOnceMax } from "./backend.ts";
import { createProxies } from "./create-proxies.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import * as ask from "./questions.ts";
import { engineReport } from "./report.ts";
import { bytes, caller, proxyConfig } from "./testing/backend-double.ts";

/** A backend whose answers a test holds in its hand; `schedule` never runs: nobody waits here. */
function held(name = "default") {
  const clock = { ...handClock(0), schedule: () => () => {} };
  const calls: { url: string; answer(body: string, status?: number): void; fail(answered?: boolean): void }[] = [];
  const metrics: string[] = [];
  const fetch: OutgoingFetch = ({ url }) =>
    new Promise<OutgoingAnswer>((resolve, reject) => {
      calls.push({
        url,
        answer: (body, status = 200) => resolve({ status, body: bytes(body) }),
        fail: (answered = false) => reject(new OutgoingFailure("no whole answer", { answered })),
      });
    });
  const ports = {
    fetch,
    clock,
    metrics: {
      started: (type: string, proxy: string) => metrics.push(`started ${type} ${proxy}`),
      ended: (type: string, proxy: string, durationMs: number, failed: boolean) =>
        metrics.push(`ended ${type} ${proxy} ${durationMs} ${failed ? "failed" : "answered"}`),
    },
  };
  const one = new Backend(proxyConfig("http://backend.test/"), name, ports);
  const rpc = ask.rpcProxy(one);
  return { clock, calls, metrics, ports, call: () => rpc(caller(), { method: "m", data: undefined }) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Calls that get no answer at all, one after another. */
async function outage({ calls, call }: ReturnType<typeof held>, times: number): Promise<void> {
  for (let failure = 0; failure < times; failure++) {
    const failing = call();
    calls.at(-1)?.fail();
    await assert.rejects(failing, ProxyFailure);
  }
}

test("[PX6] [F28] a backend that is gone is asked ten times, then left alone; clients hear it at once", async () => {
  const one = held();
  await outage(one, 10);
  assert.equal(one.calls.length, 10);
  for (let more = 0; more < 1_000; more++) await assert.rejects(one.call(), ProxyFailure);
  assert.equal(one.calls.length, 10);
  one.clock.advance(500);
  const tried = one.call();
  await assert.rejects(one.call(), ProxyFailure);
  one.calls.at(-1)?.answer(`{"result":{}}`);
  assert.equal((await tried).kind, "result");
  assert.equal(one.calls.length, 11);
});

test("[PX6] a backend that answers, whatever it says, is there", async () => {
  const one = held();
  for (let round = 0; round < 30; round++) {
    const call = one.call();
    if (round % 3 === 0) one.calls.at(-1)?.answer("no", 500);
    else if (round % 3 === 1) one.calls.at(-1)?.answer("{");
    else one.calls.at(-1)?.fail(true);
    await assert.rejects(call, ProxyFailure);
  }
  assert.equal(one.calls.length, 30);
});

test("[PX7] calls beyond the bound wait for their turn, in their order", async () => {
  const one = held();
  const all = Array.from({ length: callsAtOnceMax + 5 }, () => one.call());
  await turn();
  assert.equal(one.calls.length, callsAtOnceMax);
  for (let done = 0; done < callsAtOnceMax + 5; done++) {
    one.calls[done]!.answer(`{"result":{"data":${done}}}`);
    await turn();
  }
  assert.ok((await Promise.all(all)).every(({ kind }) => kind === "result"));
  assert.equal(one.calls.length, callsAtOnceMax + 5);
});

test("[PX13] metrics hear of every call: its kind, its proxy, its time, and whether it failed", async () => {
  const one = held("own");
  const good = one.call();
  one.clock.advance(7);
  one.calls[0]!.answer("{}");
  await good;
  const bad = one.call();
  one.calls[1]!.answer("{", 200);
  await assert.rejects(bad, ProxyFailure);
  assert.deepEqual(one.metrics, ["started rpc own", "ended rpc own 7 answered", "started rpc own", "ended rpc own 0 failed"]);
});

const none: ProxiesConfig = {
  connect: undefined,
  refresh: undefined,
  subscribe: undefined,
  subRefresh: undefined,
  publish: undefined,
  mapPublish: undefined,
  mapRemove: undefined,
  sharedPollRefresh: undefined,
  rpc: undefined,
  named: [],
};

test("[PX1] without a configuration nobody is asked", () => {
  assert.deepEqual(createProxies(none, held().ports), noProxies);
});

test("[PX1] each kind has its default, and every named proxy; what is no web address is left out", async () => {
  const { ports, calls } = held();
  const proxies = createProxies(
    {
      ...none,
      connect: proxyConfig("http://connect.test/"),
      rpc: proxyConfig("https://rpc.test/"),
      publish: proxyConfig("grpc://publish.test:1"),
      named: [proxyConfig("http://own.test/", { name: "own" }), proxyConfig("grpc://other.test:1", { name: "other" })],
    },
    ports,
  );
  assert.notEqual(proxies.connect, undefined);
  assert.equal(proxies.refresh, undefined);
  assert.deepEqual([...proxies.rpc.keys()].sort(), ["default", "own"]);
  for (const kind of ["subscribe", "subRefresh", "publish", "mapPublish", "mapRemove", "sharedPollRefresh"] as const) {
    assert.deepEqual([...proxies[kind].keys()], ["own"], kind);
  }
  void proxies.rpc.get("default")!(caller(), { method: "m", data: undefined });
  void proxies.rpc.get("own")!(caller(), { method: "m", data: undefined });
  await turn();
  assert.deepEqual(
    calls.map(({ url }) => url),
    ["https://rpc.test/", "http://own.test/"],
  );
});

test("[PX7] a named proxy is one backend, whatever is asked of it", async () => {
  const { ports, calls } = held();
  const proxies = createProxies({ ...none, named: [proxyConfig("http://own.test/", { name: "own" })] }, ports);
  for (let call = 0; call < callsAtOnceMax; call++) void proxies.rpc.get("own")!(caller(), { method: "m", data: undefined });
  void proxies.publish.get("own")!(caller(), { channel: "a", data: bytes("{}") });
  await turn();
  assert.equal(calls.length, callsAtOnceMax);
});

test("[PX14] a failing backend is one line a second for each question, with the number of the others", () => {
  const clock = handClock(0);
  const lines: { fields: Readonly<Record<string, unknown>>; message: string }[] = [];
  const keep = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push({ fields, message: `${level}: ${message}` });
  const report = engineReport({ ...quietLog, warn: keep("warn"), error: keep("error") }, clock);
  for (let failure = 0; failure < 500; failure++)
    report("the rpc proxy of m did not answer", new ProxyFailure("rpc", "default", "refused"));
  report("the connect proxy did not answer", new ProxyFailure("connect", "default", "refused"));
  report("a handler threw", new Error("ours"));
  report("a handler threw", new Error("ours"));
  assert.deepEqual(
    lines.map(({ message }) => message),
    [
      "warn: the rpc proxy of m did not answer",
      "warn: the connect proxy did not answer",
      "error: a handler threw",
      "error: a handler threw",
    ],
  );
  clock.advance(1_000);
  report("the rpc proxy of n did not answer", new ProxyFailure("rpc", "default", "refused"));
  assert.equal(lines.at(-1)?.fields["others_unsaid"], 499);
});
