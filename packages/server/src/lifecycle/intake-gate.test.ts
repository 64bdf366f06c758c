import assert from "node:assert/strict";
import { test } from "node:test";
import type { IntakeHandler } from "@fleetcast/mqtt";
import { backlogBytesMax, backlogEntriesMax, createIntakeGate } from "./intake-gate.ts";

function gate() {
  const backlog = { entries: 0, bytes: 0 };
  const paused: boolean[] = [];
  const due: (() => void)[] = [];
  const messages: string[] = [];
  const made = createIntakeGate({
    handler: { message: (message) => messages.push(message.topic) },
    journal: { backlog },
    clock: {
      monotonicMs: () => 0,
      schedule: (_delayMs, task) => {
        due.push(task);
        return () => due.splice(due.indexOf(task), 1);
      },
    },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  made.guard({ pause: (value) => paused.push(value) });
  const speak = () => made.handler.message({ topic: "vm/A/telemetry" } as Parameters<IntakeHandler["message"]>[0], () => {});
  const tick = () => due.shift()?.();
  return { backlog, paused, due, messages, speak, tick, made };
}

test("[I7] above a limit the devices are no longer read, below half of both they are again, and no message is dropped", () => {
  for (const over of [{ entries: backlogEntriesMax + 1 }, { bytes: backlogBytesMax + 1 }]) {
    const { backlog, paused, due, messages, speak, tick, made } = gate();
    speak();
    assert.deepEqual(paused, []);
    assert.equal(made.paused, false);
    Object.assign(backlog, over);
    speak();
    speak();
    assert.deepEqual(paused, [true], "paused once");
    assert.equal(made.paused, true, "readiness and metrics can tell");
    Object.assign(backlog, { entries: backlogEntriesMax / 2 + 1, bytes: 0 });
    tick();
    assert.deepEqual(paused, [true], "still above half");
    Object.assign(backlog, { entries: backlogEntriesMax / 2, bytes: backlogBytesMax / 2 });
    tick();
    assert.deepEqual(paused, [true, false]);
    assert.equal(made.paused, false);
    assert.equal(due.length, 0, "nothing is looked at while all is well");
    assert.equal(messages.length, 3);
  }
});

test("[P7] stopping leaves no timer behind", () => {
  const { backlog, due, speak, made } = gate();
  backlog.entries = backlogEntriesMax + 1;
  speak();
  assert.equal(due.length, 1);
  made.stop();
  assert.equal(due.length, 0);
});
