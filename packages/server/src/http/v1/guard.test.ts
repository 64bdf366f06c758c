import assert from "node:assert/strict";
import { test } from "node:test";
import { answering } from "./guard.ts";

const peer = { remoteAddress: "127.0.0.1", rest: "", secure: false };

/** What is logged when a handler throws this, for a client that is still there or not. */
async function logged(error: unknown, isClientThere: boolean): Promise<{ readonly status: number; readonly fields: object[] }> {
  const fields: object[] = [];
  const note = (given: object) => fields.push(given);
  const handle = answering({ debug: () => {}, info: note, warn: note, error: note }, () => {
    throw error;
  });
  const signal = isClientThere ? new AbortController().signal : AbortSignal.abort();
  const response = await handle(new Request("http://localhost/v1/session", { method: "POST", signal }), peer);
  return { status: response.status, fields };
}

test("[S20] a client that goes away in the middle of its request writes nothing into the log", async () => {
  const gone = new DOMException("The connection was closed.", "AbortError");
  assert.deepEqual((await logged(gone, false)).fields, []);
  assert.equal((await logged(gone, true)).fields.length, 1, "an abort of ours is a mistake of ours");
  assert.equal((await logged(new Error("ours"), false)).fields.length, 1);
});

test("[S20] an error without a stack is logged with its message", async () => {
  const { status, fields } = await logged(new DOMException("no stack here", "DataError"), true);
  assert.equal(status, 500);
  assert.match(JSON.stringify(fields), /no stack here/);
});
