import assert from "node:assert/strict";
import { test } from "node:test";
import { ProxyAnswerUnusable } from "@fleetcast/engine";
import fc from "fast-check";
import { Backend } from "./backend.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import * as ask from "./questions.ts";
import { bytes, caller, proxyConfig } from "./testing/backend-double.ts";

/** Answers that are right, to be damaged. */
const good = [
  `{"result":{"user":"ann","expire_at":5,"info":{"a":1},"b64data":"e30=","channels":["a"],"subs":{"b":{"override":{"presence":{"value":true}}}},"meta":[]}}`,
  `{"result":{"expired":false,"expire_at":1e3,"b64info":"AP8="}}`,
  `{"result":{"data":{"n":[1,2,{}]},"tags":{"a":"b"},"version":7,"version_epoch":"e","skip_history":true,"key_mode":"if_new"}}`,
  `{"result":{"items":[{"key":"a","data":1,"version":3,"prev_data":null,"removed":true}],"epoch":"x"}}`,
  `{"error":{"code":1000,"message":"\\u0041","temporary":true},"disconnect":{"code":4500,"reason":"x"}}`,
];

const runs = process.env["CI"] === "true" ? 200_000 : 20_000;

/** One to three bytes changed, a piece cut out or doubled. */
const damaged = fc
  .tuple(
    fc.constantFrom(...good),
    fc.array(fc.tuple(fc.nat(400), fc.constantFrom(...`{}[]",:\\0123456789-+.eEtrufalsn \n\tx\u0000\u00ff`)), { maxLength: 3 }),
    fc.option(fc.tuple(fc.nat(400), fc.nat(40), fc.boolean())),
  )
  .map(([text, changes, piece]) => {
    let broken = text;
    for (const [at, character] of changes)
      broken = broken.slice(0, at % broken.length) + character + broken.slice((at % broken.length) + 1);
    if (piece === null) return broken;
    const [at, length, doubled] = piece;
    const start = at % broken.length;
    return doubled ? broken.slice(0, start + length) + broken.slice(start) : broken.slice(0, start) + broken.slice(start + length);
  });

let said = "";
const clock = { monotonicMs: () => 0, schedule: () => () => {} };
const backend = new Backend(proxyConfig("http://backend.test/"), "default", {
  fetch: async () => ({ status: 200, body: Buffer.from(said, "latin1") }),
  clock,
});
const questions: readonly (() => Promise<unknown> | unknown)[] = [
  () => ask.connectProxy(backend)(caller(), { data: undefined, name: "", version: "", channels: [] }),
  () => ask.refreshProxy(backend)(caller()),
  () => ask.subscribeProxy(backend)(caller(), { channel: "a", token: "", data: undefined }),
  () => ask.publishProxy(backend)(caller(), { channel: "a", data: bytes("{}") }),
  () => ask.mapPublishProxy(backend)(caller(), { channel: "a", key: "k", data: bytes("{}") }),
  () => ask.sharedPollRefreshProxy(backend)({ channel: "a", items: [] }),
];

test(`[X1] [A3] of ${runs} damaged answers each is read or fails as one that cannot be read`, { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(damaged, fc.nat(questions.length - 1), async (text, question) => {
      said = text;
      try {
        const answer = (await questions[question]!()) as { kind: string };
        assert.ok(["result", "error", "disconnect"].includes(answer.kind));
        // What was read is what any JSON reader finds there: nothing is granted by half a document.
        JSON.parse(text);
      } catch (cause) {
        assert.ok(cause instanceof ProxyFailure || cause instanceof ProxyAnswerUnusable, `${text}: ${String(cause)}`);
      }
    }),
    { numRuns: runs },
  );
});
