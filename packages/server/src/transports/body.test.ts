import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@fleetcast/engine/testing";
import { readBody } from "./body.ts";

/** A body that comes in these pieces, and then, unless it ends, nothing. */
function posted(pieces: readonly string[], options: { readonly ends: boolean; readonly declared?: number }): Request {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      if (options.ends) controller.close();
    },
  });
  const headers = options.declared === undefined ? {} : { "content-length": String(options.declared) };
  return new Request("http://a/", { method: "POST", body, headers, duplex: "half" } as RequestInit);
}

test("[TR27] a body is read to its end, whatever its pieces", async () => {
  const clock = new ManualClock();
  for (const declared of [undefined, 6]) {
    const body = await readBody(posted(["one", "two"], { ends: true, ...(declared === undefined ? {} : { declared }) }), 6, clock);
    assert.ok(body.kind === "whole");
    assert.equal(new TextDecoder().decode(body.bytes), "onetwo");
  }
  assert.equal(clock.pending, 0, "no timer stays");
});

test("[TR27] a body that says it is too large is not read, and one that turns out to be is read no further", async () => {
  const clock = new ManualClock();
  assert.deepEqual(await readBody(posted([], { ends: false, declared: 7 }), 6, clock), { kind: "too_large" });
  assert.deepEqual(await readBody(posted(["one", "two", "x"], { ends: false }), 6, clock), { kind: "too_large" });
  assert.equal(clock.pending, 0);
});

test("[TR27] a body that drips has 30 s in all", async () => {
  for (const declared of [undefined, 100]) {
    const clock = new ManualClock();
    let kind = "";
    void readBody(posted(["x"], { ends: false, ...(declared === undefined ? {} : { declared }) }), 100, clock).then((body) => {
      kind = body.kind;
    });
    await clock.advance(29_000);
    assert.equal(kind, "");
    await clock.advance(2_000);
    assert.equal(kind, "broken");
  }
});
