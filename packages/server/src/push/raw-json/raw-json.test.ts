import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutArray, cutObject, textOfString } from "./cut.ts";
import { Fields, MalformedJson } from "./fields.ts";
import { endOfValue, isJson } from "./scan.ts";
import { compactJson, jsonText } from "./write.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "utf8"));
const text = (raw: Uint8Array) => Buffer.from(raw).toString("utf8");

test("[M30] what JSON.parse reads is JSON, and what it refuses is not", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\0123456789-+.eEtrufalsn \n\tx') }), (source) => {
      let parses = true;
      try {
        JSON.parse(source);
      } catch {
        parses = false;
      }
      assert.equal(isJson(bytes(source)), parses, JSON.stringify(source));
    }),
    { numRuns: 20_000 },
  );
});

test("every JSON value ends where it ends, whatever follows", () => {
  fc.assert(
    fc.property(fc.json(), (source) => {
      assert.equal(endOfValue(bytes(`${source} x`), 0), bytes(source).length);
    }),
    { numRuns: 2_000 },
  );
});

test("[H4] nesting is read to 10,000 and refused above", () => {
  const nested = (depth: number) => bytes("[".repeat(depth) + "]".repeat(depth));
  assert.equal(isJson(nested(10_000)), true);
  assert.equal(isJson(nested(10_001)), false);
});

test("[P5] members are cut as they stand", () => {
  const source = bytes(' {"a" : 1.0 ,"b":{"x":[9007199254740993, 1e999]},"a":"\\u0061"} '.trim());
  const cut = cutObject(source, 0)!;
  assert.deepEqual(
    cut.parts.map(({ name, start, end }) => [name, text(source.subarray(start, end))]),
    [
      ["a", "1.0"],
      ["b", '{"x":[9007199254740993, 1e999]}'],
      ["a", '"\\u0061"'],
    ],
  );
  assert.equal(cut.end, source.length);
});

for (const broken of ["{", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', "{a:1}", '{"a" 1}', '{"a":01}', '{"a":nan}', '{"a":"\n"}']) {
  test(`[H4] ${JSON.stringify(broken)} is no object`, () => assert.equal(cutObject(bytes(broken), 0), undefined));
}

test("arrays are cut into their elements", () => {
  const source = bytes('[1, [2,3] ,"]"]');
  assert.deepEqual(
    cutArray(source, 0)!.parts.map(({ start, end }) => text(source.subarray(start, end))),
    ["1", "[2,3]", '"]"'],
  );
  assert.deepEqual(cutArray(bytes("[]"), 0)!.parts, []);
  assert.equal(cutArray(bytes("[1,]"), 0), undefined);
});

test("[C1] bytes that are no UTF-8 and lone surrogates become U+FFFD", () => {
  const source = Uint8Array.of(0x22, 0x61, 0xff, 0x22);
  assert.equal(textOfString(source, 0, source.length), "a\ufffd");
  const lone = bytes('"\\ud800"');
  assert.equal(textOfString(lone, 0, lone.length), "\ufffd");
});

test("[H4] the last of repeated names wins, names compare without case, __proto__ is a name", () => {
  const fields = Fields.ofDocument(bytes('{"channel":"a","CHANNEL":"b","__proto__":{"x":1},"tags":{"__proto__":"t"}}'));
  assert.equal(fields.text("channel"), "b");
  assert.equal(fields.text("x"), undefined);
  assert.deepEqual(Object.entries(fields.textMap("tags")!), [["__proto__", "t"]]);
});

test("[H4] null reads as an empty object, other documents are malformed", () => {
  assert.equal(Fields.ofDocument(bytes(" null ")).text("a"), undefined);
  for (const source of ["", "[]", "1", "nul", "null x", "{} x", "\ufeff{}"]) {
    assert.throws(() => Fields.ofDocument(bytes(source)), MalformedJson, source);
  }
});

test("[D29] whole numbers are whole and never rounded", () => {
  const read = (source: string) => Fields.ofDocument(bytes(`{"n":${source}}`)).integer("n", 0, Number.MAX_SAFE_INTEGER);
  assert.equal(read("9007199254740991"), 9007199254740991);
  for (const source of ["9007199254740992", "9007199254740993", "1.0", "1e2", "-1", '"1"', "true", "[]"]) {
    assert.throws(() => read(source), MalformedJson, source);
  }
});

test("results show raw JSON compacted and escaped, numbers as written", () => {
  assert.equal(
    text(compactJson(bytes('{"a b" : "<&>\u2028 \\" \\\\", "n":\t1.0 ,\r\n"x":[ ] }'))),
    '{"a b":"\\u003c\\u0026\\u003e\\u2028 \\" \\\\","n":1.0,"x":[]}',
  );
  assert.equal(jsonText("<\u2029"), '"\\u003c\\u2029"');
});

test("compacted JSON means the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(text(compactJson(bytes(JSON.stringify(value, undefined, 2))))), JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 2_000 },
  );
});
