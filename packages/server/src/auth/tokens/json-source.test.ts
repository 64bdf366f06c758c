import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { membersOf, sourceText } from "./json-source.ts";

const spaces = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

/** JSON with white space wherever it may stand, and names that are escaped in more than one way. */
const source: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    fc.constantFrom("true", "false", "null", "0", "-0.50", "1e+30", "9007199254740993", `""`, `"}"`, `"\\"]"`, `"\\\\"`, `"\\u0041é漢"`),
    fc.string().map((text) => JSON.stringify(text)),
    fc
      .tuple(spaces, fc.array(fc.tuple(spaces, tie("value"), spaces).map((parts) => parts.join(""))))
      .map(([space, items]) => `[${items.join(",") || space}]`),
    tie("object"),
  ),
  object: fc
    .tuple(
      spaces,
      fc.array(
        fc.tuple(
          spaces,
          fc.string().map((text) => JSON.stringify(text)),
          spaces,
          spaces,
          tie("value"),
          spaces,
        ),
      ),
    )
    .map(([space, members]) => `{${members.map(([a, name, b, c, value, d]) => `${a}${name}${b}:${c}${value}${d}`).join(",") || space}}`),
})).object;

test("members are found in order, with exactly the text they were written with", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(source, spaces, spaces, (text, before, after) => {
      const members = membersOf(before + text + after);
      // Own writing of what was cut out must read as the same object: nothing lost, nothing moved.
      const rebuilt = `{${members.map(({ name, value }) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
      assert.deepEqual(JSON.parse(rebuilt), JSON.parse(text));
      for (const { value } of members) {
        assert.equal(value, value.trim());
        assert.ok(text.includes(value));
      }
    }),
    { numRuns: 500 },
  );
});

test("a byte order mark stays, for the parser to refuse; bytes that are not UTF-8 are refused", () => {
  assert.equal(sourceText(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b])), "\ufeff{");
  assert.throws(() => sourceText(new Uint8Array([0x22, 0xff, 0x22])), TypeError);
});

test("nesting ends at ten thousand levels", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  assert.equal(membersOf(nested(9_000)).length, 1);
  assert.throws(() => membersOf(nested(10_001)), SyntaxError);
});
