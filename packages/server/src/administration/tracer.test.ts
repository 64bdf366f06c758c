import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@fleetcast/engine/testing";
import type { TraceMessage } from "@fleetcast/protocol";
import { createTracer, stepsPerSecondMax, tracesMax } from "./tracer.ts";

function world() {
  const clock = new ManualClock();
  const published: { readonly channel: string; readonly message: TraceMessage }[] = [];
  const tracer = createTracer({
    clock,
    namespaceBoundary: ":",
    publish: async (channel, data) => void published.push({ channel, message: JSON.parse(Buffer.from(data).toString()) }),
    onFailure: (cause) => assert.fail(String(cause)),
  });
  const start = (kind: "channel" | "user" | "machine", subject: string, more: { payloads?: boolean; seconds?: number } = {}) =>
    tracer.start({ kind, subject, payloads: false, seconds: 60, startedBy: "u_1", ...more });
  const stepsOf = (channel: string) => published.filter((each) => each.channel === channel).flatMap(({ message }) => message.steps);
  return { clock, tracer, start, stepsOf, published };
}
const bytes = (text: string) => new TextEncoder().encode(text);

test("[ADM40] nothing is active while nobody looks, and again once the last one has gone", async () => {
  const { tracer, start, clock } = world();
  assert.equal(tracer.active, false);
  const [one, two] = [start("user", "ann"), start("user", "bob", { seconds: 5 })];
  assert.equal(tracer.active, true);
  assert.equal(tracer.end(one.id), true);
  assert.equal(tracer.end(one.id), false);
  assert.equal(tracer.active, true);
  await clock.advance(5_000);
  assert.equal(tracer.active, false);
  assert.equal(tracer.end(two.id), false);
});

test("[ADM41] a trace hears of its own channel, user or machine alone; a machine's channels are its own", async () => {
  const { tracer, start, stepsOf, clock } = world();
  const [channel, user, machine] = [start("channel", "news:a"), start("user", "ann"), start("machine", "VM-1")];
  tracer.step("published", { channel: "news:a" }, { offset: 1 });
  tracer.step("published", { channel: "news:ab" }, { offset: 1 });
  tracer.step("command", { user: "ann", channel: "news:a" }, { command: "subscribe" });
  tracer.step("mqtt_in", { machine: "VM-1" });
  tracer.step("committed", { channel: "telemetry:VM-1" }, { offset: 7 });
  tracer.step("committed", { channel: "telemetry:VM-11" }, { offset: 7 });
  await clock.advance(250);
  const names = (of: { channel: string }) => stepsOf(of.channel).map(({ step }) => step);
  assert.deepEqual([names(channel), names(user), names(machine)], [["published", "command"], ["command"], ["mqtt_in", "committed"]]);
});

test("[ADM43] payloads are shown only where they were asked for, and only their beginning", async () => {
  const { tracer, start, stepsOf, clock } = world();
  const [plain, open] = [start("user", "ann"), start("user", "ann", { payloads: true })];
  tracer.step("x", { user: "ann" }, {}, bytes("secret".padEnd(5_000, "!")));
  await clock.advance(250);
  const [hidden] = stepsOf(plain.channel);
  assert.deepEqual([hidden?.size_bytes, hidden?.payload], [5_000, undefined]);
  assert.equal(stepsOf(open.channel)[0]?.payload?.length, 1_024);
});

test("[ADM44] a trace is bounded: steps a second (the rest is counted), traces at once, time; its end is said", async () => {
  const { tracer, start, stepsOf, published, clock } = world();
  const trace = start("user", "ann", { seconds: 3 });
  for (let count = 0; count < stepsPerSecondMax + 40; count += 1) tracer.step("x", { user: "ann" });
  await clock.advance(250);
  assert.equal(stepsOf(trace.channel).length, stepsPerSecondMax);
  assert.equal(published.at(-1)?.message.dropped, 40);
  await clock.advance(1_000);
  tracer.step("x", { user: "ann" });
  await clock.advance(250);
  assert.equal(stepsOf(trace.channel).length, stepsPerSecondMax + 1);
  await clock.advance(3_000);
  assert.equal(published.at(-1)?.message.ended, true);
  for (let count = 0; count < tracesMax; count += 1) start("user", `u${count}`);
  assert.throws(() => start("user", "one more"), /at most/);
});

test("[ADM41] what a trace publishes is no step of a trace", async () => {
  const { tracer, start, published, clock } = world();
  const trace = start("user", "ann");
  start("channel", trace.channel);
  tracer.step("published", { channel: trace.channel, user: "ann" });
  await clock.advance(250);
  assert.deepEqual(published, []);
});
