import assert from "node:assert/strict";
import { EngineBench, test, token } from "../testing/index.ts";
import type { EngineTrace } from "./trace.ts";

function traced(active: boolean) {
  const steps: string[] = [];
  const trace: EngineTrace & { active: boolean } = {
    active,
    published: (channel, { offset }, subscribers) => steps.push(`published ${channel} ${offset} to ${subscribers}`),
    connected: ({ user }, { transport }) => steps.push(`connected ${user} ${transport}`),
    closed: ({ user }, { code }) => steps.push(`closed ${user} ${code}`),
    command: ({ user }, { kind, channel }, { answer, code }) => steps.push(`${user} ${kind} ${channel ?? "-"} ${answer} ${code ?? "-"}`),
  };
  const namespaces = { open: { allowSubscribeForClient: true, allowPublishForSubscriber: true, historySize: 5, historyTtlMs: 60_000 } };
  return { bench: new EngineBench({ namespaces, ports: { trace } }), steps, trace };
}

test("[ADM42] a connection's steps: its commands with the code of a refusal, what is published and to how many, its end", async () => {
  const { bench, steps } = traced(true);
  const ann = await bench.connect();
  await ann.subscribe("open:a");
  await ann.subscribe("none:a");
  await ann.call("history", { channel: "open:a" });
  await ann.call("publish", { channel: "open:a", data: 1 });
  await bench.publish("open:nobody", "1");
  ann.cut();
  assert.deepEqual(steps, [
    "ann connect - reply -",
    "connected ann websocket",
    "ann subscribe open:a reply -",
    "ann subscribe none:a error 102",
    "ann history open:a error 103",
    "published open:a 1 to 1",
    "ann publish open:a reply -",
    "published open:nobody 1 to 0",
    "closed ann 3000",
  ]);
});

test("[ADM42] how the server ended a connection is told with its code; a refresh for another user, too", async () => {
  const { bench, steps } = traced(true);
  const ann = await bench.connect();
  await ann.call("refresh", { token: token({ user: "bob" }) }).catch(() => undefined);
  assert.deepEqual(steps.slice(-2), ["ann refresh - disconnect 3500", "closed ann 3500"]);
});

test("[ADM40] while nobody looks nothing is told", async () => {
  const { bench, steps, trace } = traced(false);
  const ann = await bench.connect();
  await ann.subscribe("open:a");
  await bench.publish("open:a", "1");
  assert.deepEqual(steps, []);
  trace.active = true;
  await bench.publish("open:a", "2");
  ann.cut();
  assert.deepEqual(steps, ["published open:a 2 to 1", "closed ann 3000"]);
});
