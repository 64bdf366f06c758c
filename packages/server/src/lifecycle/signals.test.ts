import assert from "node:assert/strict";
import { test } from "node:test";
import { createSignalHandler } from "./signals.ts";

function handler() {
  const log: string[] = [];
  const clock = { ms: 5_000 };
  const onSignal = createSignalHandler({
    stop: (signal) => log.push(`stop ${signal}`),
    force: () => log.push("force"),
    monotonicMs: () => clock.ms,
  });
  return { log, clock, onSignal };
}

test("[R3] the first signal drains, one within a second is the same wish, a later one forces", () => {
  const { log, clock, onSignal } = handler();
  onSignal("SIGINT");
  clock.ms += 999;
  onSignal("SIGINT");
  onSignal("SIGTERM");
  assert.deepEqual(log, ["stop SIGINT"]);
  clock.ms += 1;
  onSignal("SIGTERM");
  assert.deepEqual(log, ["stop SIGINT", "force"]);
});
