import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createJsonScanner, Kind, withoutLineBreaks } from "./json-scan.ts";
import { Fault } from "./json-tokens.ts";
import { compileWanted } from "./wanted.ts";

const limits = { depthMax: 64, keysMax: 10_000 };
const plan = compileWanted({ id: true, system: { voltage: true, door_closed: true }, ts: true, __proto__x: true });
const scanner = createJsonScanner(plan, limits);
const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

function faultOf(payload: string | Uint8Array): number {
  return scanner.scan(typeof payload === "string" ? bytes(payload) : payload)?.fault ?? 0;
}

function found(payload: string, path: string): { kind: number; text: string } {
  const data = bytes(payload);
  assert.equal(scanner.scan(data), undefined, payload);
  const slot = plan.slots.get(path)!;
  const kind = scanner.found.kind[slot]!;
  return {
    kind,
    text: kind === Kind.absent ? "" : new TextDecoder().decode(data.subarray(scanner.found.start[slot]!, scanner.found.end[slot]!)),
  };
}

/** What the scanner must say, from the language's own parser and the three rules that are stricter than it. */
function expectedVerdict(payload: Uint8Array): "accept" | "refuse" {
  let value: unknown;
  try {
    value = JSON.parse(strictDecoder.decode(payload));
  } catch {
    return "refuse";
  }
  return isReadableByAll(value, 0) ? "accept" : "refuse";
}

function isReadableByAll(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") return isReadableText(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth >= limits.depthMax) return false;
  if (Array.isArray(value)) return value.every((item) => isReadableByAll(item, depth + 1));
  return Object.entries(value).every(([key, item]) => isReadableText(key) && isReadableByAll(item, depth + 1));
}

function isReadableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

test("[M30] the scanner finds wanted fields where they are, at any order and spacing", () => {
  const payload =
    ' {"other":{"id":"no"},"system": {"door_closed" :true , "voltage":\t-2.5e1},"list":[{"ts":"no"}],"ts":"2026","id":"VM-1"} ';
  assert.deepEqual(found(payload, "id"), { kind: Kind.string, text: "VM-1" });
  assert.deepEqual(found(payload, "system.voltage"), { kind: Kind.number, text: "-2.5e1" });
  assert.equal(found(payload, "system.door_closed").kind, Kind.true);
  assert.deepEqual(found(payload, "ts"), { kind: Kind.string, text: "2026" });
  assert.equal(found(payload, "system").text, '{"door_closed" :true , "voltage":\t-2.5e1}');
});

test("[M30] of repeated keys the last one counts, with all that was inside the one before", () => {
  assert.deepEqual(found('{"id":"a","id":"b"}', "id"), { kind: Kind.string, text: "b" });
  assert.equal(found('{"system":{"voltage":1},"system":{"door_closed":false}}', "system.voltage").kind, Kind.absent);
  assert.equal(found('{"system":{"voltage":1},"system":7}', "system.voltage").kind, Kind.absent);
  assert.equal(found('{"id":"a","id":null}', "id").kind, Kind.null);
});

test("[M30] an escaped name is the name it spells", () => {
  assert.deepEqual(found('{"\\u0069d":"x","sys\\u0074em":{"voltage":3}}', "id"), { kind: Kind.string, text: "x" });
  assert.equal(found('{"sys\\u0074em":{"voltage":3}}', "system.voltage").text, "3");
  assert.equal(found('{"i\\u0064x":"x"}', "id").kind, Kind.absent);
});

for (const [name, payload, fault] of [
  ["nothing", "", Fault.syntax],
  ["only spaces", "  \n ", Fault.syntax],
  ["two values", "{} {}", Fault.syntax],
  ["a byte order mark", "\ufeff{}", Fault.syntax],
  ["NaN", '{"a":NaN}', Fault.syntax],
  ["Infinity", '{"a":Infinity}', Fault.syntax],
  ["-Infinity", '{"a":-Infinity}', Fault.syntax],
  ["1e400", '{"a":1e400}', Fault.numberRange],
  ["-1e400", '{"a":-1e400}', Fault.numberRange],
  ["a number of 400 digits", `{"a":1${"0".repeat(400)}}`, Fault.numberRange],
  ["U+0000 escaped", '{"a":"\\u0000"}', Fault.nul],
  ["U+0000 escaped in a key", '{"\\u0000":1}', Fault.nul],
  ["U+0000 raw", '{"a":"\0"}', Fault.syntax],
  ["a lone high surrogate", '{"a":"\\ud800"}', Fault.surrogate],
  ["a lone low surrogate", '{"a":"\\udc00x"}', Fault.surrogate],
  ["a high surrogate before another escape", '{"a":"\\ud800\\u0041"}', Fault.surrogate],
  ["two low surrogates", '{"a":"\\udc00\\udc00"}', Fault.surrogate],
  ["two high surrogates", '{"a":"\\ud800\\ud800"}', Fault.surrogate],
  ["a raw line break in a string", '{"a":"\n"}', Fault.syntax],
  ["single quotes", "{'a':1}", Fault.syntax],
  ["a trailing comma", '{"a":1,}', Fault.syntax],
  ["a trailing comma in an array", '{"a":[1,]}', Fault.syntax],
  ["a missing colon", '{"a" 1}', Fault.syntax],
  ["a missing comma", '{"a":1 "b":2}', Fault.syntax],
  ["brackets that do not match", '{"a":[1}', Fault.syntax],
  ["an open object", '{"a":1', Fault.syntax],
  ["an open string", '{"a":"b', Fault.syntax],
  ["a string that ends in a backslash", '{"a":"\\', Fault.syntax],
  ["half an escape", '{"a":"\\u12', Fault.syntax],
  ["a leading zero", '{"a":01}', Fault.syntax],
  ["a lone minus", '{"a":-}', Fault.syntax],
  ["a dot without digits", '{"a":1.}', Fault.syntax],
  ["an exponent without digits", '{"a":1e}', Fault.syntax],
  ["a plus sign", '{"a":+1}', Fault.syntax],
  ["half a word", '{"a":tru', Fault.syntax],
  ["a comment", '{"a":1/**/}', Fault.syntax],
] as const) {
  test(`[M30] refused: ${name}`, () => assert.equal(faultOf(payload), fault));
}

test("[M30] refused: bytes that are not UTF-8, also as overlong forms and coded surrogates", () => {
  const wrong = [
    [0x80],
    [0xff],
    [0xc3, 0x28],
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x80, 0x80, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe4, 0xb8],
  ];
  for (const middle of wrong) {
    const payload = Uint8Array.from([...bytes('{"a":"'), ...middle, ...bytes('"}')]);
    assert.equal(faultOf(payload), Fault.utf8, middle.join());
  }
  assert.equal(faultOf(Uint8Array.from([0x1f, 0x8b, 8, 0])), Fault.syntax, "gzip");
  assert.equal(faultOf(Uint8Array.from([0xa1, 0x61, 0x61, 1])), Fault.syntax, "CBOR");
});

test("[M30] depth 64 is read and 65 is not; 10,000 keys are read and one more is not", () => {
  assert.equal(faultOf(`${"[".repeat(64)}${"]".repeat(64)}`), 0);
  assert.equal(faultOf(`${"[".repeat(65)}${"]".repeat(65)}`), Fault.depth);
  assert.equal(faultOf(`${'{"a":'.repeat(64)}1${"}".repeat(64)}`), 0);
  assert.equal(faultOf("[".repeat(100_000)), Fault.depth);
  const keys = (count: number): string => `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join()}}`;
  assert.equal(faultOf(keys(10_000)), 0);
  assert.equal(faultOf(keys(10_001)), Fault.keys);
});

test("[M30] accepted, bytes kept: odd numbers, names and texts", () => {
  for (const payload of [
    '{"a":-0,"b":9007199254740993,"c":1e-400,"d":1E+308}',
    '{"__proto__":{"x":1},"constructor":2,"a":1,"a":2}',
    `{"a":"'; DROP TABLE reading; --","b":"<img src=x onerror=1>","c":"=cmd()"}`,
    '{"a":"\\ud83d\\ude00 😀 出餐成功 \\/ \\b\\f\\n\\r\\t"}',
    '{"a":"\u2028\u2029\uffff\u007f"}',
  ]) {
    const data = bytes(payload);
    assert.equal(scanner.scan(data), undefined, payload);
    assert.equal(withoutLineBreaks(data, scanner.found.lineBreaks), data);
  }
});

test("[P5] only raw line breaks outside strings go", () => {
  const payload = bytes('{\r\n "a" : [ 1 ,\n2 ] ,\n"b":"x\\ny"\n}\n');
  assert.equal(scanner.scan(payload), undefined);
  assert.equal(new TextDecoder().decode(withoutLineBreaks(payload, scanner.found.lineBreaks)), '{ "a" : [ 1 ,2 ] ,"b":"x\\ny"}');
});

const jsonWithSpaces = fc
  .tuple(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, 2, "\t"))
  .map(([text, space]) => JSON.stringify(JSON.parse(text), null, space));

test("[G12] on any JSON the verdict is that of JSON.parse and the stricter rules; the bytes are kept", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json({ stringUnit: "binary" }), jsonWithSpaces), (text) => {
      const data = bytes(text);
      const accepted = scanner.scan(data) === undefined;
      assert.equal(accepted ? "accept" : "refuse", expectedVerdict(data), text);
      if (!accepted) return;
      const kept = withoutLineBreaks(data, scanner.found.lineBreaks);
      assert.equal(new TextDecoder().decode(kept), text.replaceAll("\n", ""));
    }),
    { numRuns: 3_000 },
  );
});

const pieces = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  '"',
  "\\",
  "\\u0000",
  "\\ud800",
  "\\udc00",
  "1",
  "-",
  ".",
  "e",
  "0",
  "true",
  "null",
  " ",
  "\n",
  '"id"',
  '"a":1',
  "é",
  "😀",
];

test("[G12] broken in any way, the verdict is still that of JSON.parse and the stricter rules", () => {
  const broken = fc
    .tuple(fc.json({ maxDepth: 3 }), fc.array(fc.tuple(fc.nat(), fc.constantFrom(...pieces), fc.boolean()), { minLength: 1, maxLength: 3 }))
    .map(([text, edits]) => {
      for (const [where, piece, replace] of edits) {
        const at = where % (text.length + 1);
        text = text.slice(0, at) + piece + text.slice(replace ? at + 1 : at);
      }
      return bytes(text);
    });
  fc.assert(
    fc.property(broken, (data) =>
      assert.equal(scanner.scan(data) === undefined ? "accept" : "refuse", expectedVerdict(data), new TextDecoder().decode(data)),
    ),
    { numRuns: 6_000 },
  );
});

test("[G12] on any bytes the verdict is that of JSON.parse and the stricter rules, and nothing throws", () => {
  const soup = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(fc.json({ maxDepth: 2 }), fc.nat(), fc.integer({ min: 0, max: 255 })).map(([text, where, byte]) => {
      const data = bytes(text);
      if (data.length > 0) data[where % data.length] = byte;
      return data;
    }),
  );
  fc.assert(
    fc.property(soup, (data) => assert.equal(scanner.scan(data) === undefined ? "accept" : "refuse", expectedVerdict(data))),
    { numRuns: 6_000 },
  );
});

test("[M30] what was found is what JSON.parse finds", () => {
  const value = fc.dictionary(
    fc.constantFrom("id", "ts", "system", "x"),
    fc.oneof(
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.record({ voltage: fc.integer(), id: fc.string() }),
    ),
  );
  fc.assert(
    fc.property(value, (object) => {
      const data = bytes(JSON.stringify(object));
      if (expectedVerdict(data) === "refuse") return;
      assert.equal(scanner.scan(data), undefined);
      const parsed = JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
      for (const name of ["id", "ts", "system"]) {
        const slot = plan.slots.get(name)!;
        const kind = scanner.found.kind[slot];
        assert.equal(kind !== Kind.absent, Object.hasOwn(parsed, name));
        if (kind === Kind.absent) continue;
        const quote = kind === Kind.string || kind === Kind.escaped ? '"' : "";
        const raw = new TextDecoder().decode(data.subarray(scanner.found.start[slot]!, scanner.found.end[slot]!));
        assert.deepEqual(JSON.parse(quote + raw + quote), parsed[name]);
      }
    }),
    { numRuns: 2_000 },
  );
});
