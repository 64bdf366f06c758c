import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGlob } from "./glob.ts";

const matching: readonly (readonly [pattern: string, text: string, expected: boolean])[] = [
  ["telemetry:*", "telemetry:VM-SH-001", true],
  ["*", "a:b/c.d", true],
  ["*:*", "fleet:all", true],
  ["t?st", "test", true],
  ["t?st", "teest", false],
  ["t?st", "t\nst", true],
  ["[ab]c", "bc", true],
  ["[!ab]c", "bc", false],
  ["[a-c]x", "bx", true],
  ["[!a-c]x", "bx", false],
  ["{one,two:*}", "two:3", true],
  ["{a,b,{c,d}}", "d", true],
  ["{a,}b", "b", true],
  ["a,b", "a,b", true],
  ["\\*", "*", true],
  ["\\*", "x", false],
  ["a.c", "abc", false],
  ["(a|b)", "a", false],
  ["]", "]", true],
  ["}", "}", true],
  ["^$", "^$", true],
  ["设备:?", "设备:一", true],
];

for (const [pattern, text, expected] of matching) {
  test(`[H7] pattern ${JSON.stringify(pattern)} ${expected ? "matches" : "does not match"} ${JSON.stringify(text)}`, () => {
    assert.equal(compileGlob(pattern)?.(text), expected);
  });
}

for (const pattern of ["{", "[", "a\\", "[]", "[!]", "[a-]", "[z-a]", "{a,{b}", "[abc", "[a-bc]"]) {
  test(`[H7] pattern ${JSON.stringify(pattern)} is malformed`, () => {
    assert.equal(compileGlob(pattern), undefined);
  });
}

test("[S10] a pattern made to backtrack takes linear time", () => {
  const matches = compileGlob(`${"*a".repeat(40)}b`)!;
  const start = performance.now();
  assert.equal(matches("a".repeat(255)), false);
  assert.ok(performance.now() - start < 500);
});
