import type { Command, CommandState } from "@fleetcast/protocol";
import { expect, test } from "vitest";
import { FakeClock, FakeFrames } from "../../testing/fake-clock.ts";
import { stepsOf } from "../ui/command-steps.tsx";
import { CommandBook, readReceipt } from "./command-book.ts";
import { FlushLoop } from "./flush-loop.ts";

function setup() {
  const frames = new FakeFrames();
  const book = new CommandBook(new FlushLoop(new FakeClock(), frames));
  return { book, frames };
}

function command(state: CommandState, change: Partial<Command> = {}): Command {
  return {
    cmd_id: "c1",
    vm_id: "A",
    name: "restart",
    params: {},
    user_id: "u",
    state,
    detail: null,
    created_ms: 100,
    updated_ms: 200,
    expires_ms: 900,
    ...change,
  };
}

function receipt(state: CommandState, ts = "1970-01-01T00:00:01Z") {
  return { cmd_id: "c1", vm_id: "A", state, ts };
}

test("the step line grows with the receipts, each with its time", () => {
  const { book } = setup();
  book.take(command("queued"));
  for (const [i, state] of (["sent", "received", "running", "done"] as const).entries()) {
    book.receipt(receipt(state, `1970-01-01T00:00:0${i + 1}Z`), 0);
    expect(book.get("c1")?.state).toBe(state);
  }
  expect(book.get("c1")?.times).toEqual({ queued: 100, sent: 1_000, received: 2_000, running: 3_000, done: 4_000 });
});

test("a state never goes back, and what has ended stays ended", () => {
  const { book } = setup();
  book.receipt(receipt("running"), 0);
  book.receipt(receipt("received"), 0);
  book.take(command("sent"));
  expect(book.get("c1")?.state).toBe("running");
  book.receipt(receipt("failed"), 0);
  book.receipt(receipt("done"), 0);
  expect(book.get("c1")?.state).toBe("failed");
});

test("a receipt that overtakes the answer of the API keeps its state and gains its name", () => {
  const { book } = setup();
  book.receipt(receipt("received"), 0);
  expect(book.get("c1")?.name).toBeNull();
  book.take(command("queued"));
  expect(book.get("c1")).toMatchObject({ name: "restart", state: "received", createdMs: 100 });
});

test("receipts are drawn on the very next frame", () => {
  const { book, frames } = setup();
  let heard = 0;
  book.subscribe(() => heard++);
  book.receipt(receipt("sent"), 0);
  expect(frames.requested).toBe(1);
  frames.draw();
  expect(heard).toBe(1);
});

test("what is no receipt is none", () => {
  for (const data of [null, "x", {}, { cmd_id: "c" }, { cmd_id: "c", state: "teleported" }]) expect(readReceipt(data)).toBeNull();
  expect(readReceipt({ cmd_id: "c", vm_id: "A", state: "done", ts: "t", detail: { code: 1 } })?.detail).toBe('{"code":1}');
});

test("steps of a command that goes well, and of one that does not", () => {
  expect(stepsOf({ state: "received", times: {} }).map((step) => step.phase)).toEqual(["past", "past", "now", "ahead", "ahead"]);
  expect(stepsOf({ state: "done", times: {} }).every((step) => step.phase === "past")).toBe(true);
  expect(stepsOf({ state: "expired", times: { queued: 1, sent: 2, expired: 9 } })).toEqual([
    { state: "queued", phase: "past" },
    { state: "sent", phase: "past" },
    { state: "expired", phase: "bad" },
  ]);
});
