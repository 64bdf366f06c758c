import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandState } from "@fleetcast/protocol";
import fc from "fast-check";
import { isFinal, mayBecome } from "./command-state.ts";

const states: readonly CommandState[] = ["queued", "sent", "received", "running", "done", "failed", "rejected", "expired", "cancelled"];
const order = ["queued", "sent", "received", "running"];

test("a command never goes back, never leaves an end, and a repeat is no step", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...states), { maxLength: 20 }), (wanted) => {
      let state: CommandState = "queued";
      for (const next of wanted) {
        const before: CommandState = state;
        if (mayBecome(state, next)) state = next;
        if (isFinal(before)) assert.equal(state, before);
        else if (!isFinal(state)) assert.ok(order.indexOf(state) >= order.indexOf(before));
        assert.equal(mayBecome(state, state), false);
      }
    }),
  );
});

test("a machine may leave steps out; a person cancels only what no machine has", () => {
  assert.ok(mayBecome("queued", "done"));
  assert.ok(mayBecome("sent", "rejected"));
  assert.ok(mayBecome("queued", "cancelled") && mayBecome("sent", "cancelled"));
  assert.ok(!mayBecome("received", "cancelled") && !mayBecome("running", "cancelled"));
});
