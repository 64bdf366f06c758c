import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterNode, Tags } from "@fleetcast/protocol";
import { compareDecimals, parseDecimal } from "./decimal.ts";
import { leavesMax, TagsFilter } from "./tags-filter.ts";

/** A node as a client writes it: with what it needs. */
const node = (parts: Partial<FilterNode>): FilterNode => ({ op: "", key: "", cmp: "", val: "", vals: [], nodes: [], ...parts });
const leaf = (key: string, cmp: string, val = "", vals: readonly string[] = []) => node({ key, cmp, val, vals });
const and = (...nodes: readonly FilterNode[]) => node({ op: "and", nodes });
const or = (...nodes: readonly FilterNode[]) => node({ op: "or", nodes });
const not = (...nodes: readonly FilterNode[]) => node({ op: "not", nodes });

function isMatch(filter: FilterNode, tags: Tags | undefined): boolean {
  const made = TagsFilter.of(filter);
  assert.ok(made, "not well formed");
  return made.isMatch(tags);
}

test("[TF1] a filter is well formed or refused: operators, what each of them needs, and nothing beyond it", () => {
  const good = [
    leaf("k", "eq", "v"),
    leaf("k", "in", "", ["a", ""]),
    leaf("k", "ex"),
    leaf("", "ex"),
    leaf("", "nex"),
    leaf("k", "gt", "not a number"),
    { ...leaf("k", "eq", "v"), nodes: [node({ op: "?" })] },
    and(leaf("k", "ex")),
    or(leaf("k", "ex"), and(leaf("k", "ex"), not(leaf("k", "nex")))),
    { ...and(leaf("k", "ex")), key: "k", cmp: "?", val: "v", vals: ["v"] },
  ];
  for (const filter of good) assert.ok(TagsFilter.of(filter), JSON.stringify(filter));
  const bad = [
    node({}),
    leaf("k", ""),
    leaf("k", "EQ", "v"),
    leaf("k", "exists"),
    ...["eq", "neq", "sw", "ew", "ct", "gt", "gte", "lt", "lte"].flatMap((cmp) => [
      leaf("k", cmp),
      leaf("", cmp, "v"),
      leaf("k", cmp, "v", ["v"]),
    ]),
    ...["in", "nin"].flatMap((cmp) => [leaf("k", cmp), leaf("", cmp, "", ["v"]), leaf("k", cmp, "v", ["v"])]),
    ...["ex", "nex"].flatMap((cmp) => [leaf("k", cmp, "v"), leaf("k", cmp, "", ["v"])]),
    and(),
    or(),
    not(),
    not(leaf("k", "ex"), leaf("k", "ex")),
    node({ op: "xor", nodes: [leaf("k", "ex")] }),
    node({ op: "AND", nodes: [leaf("k", "ex")] }),
    and(leaf("k", "ex"), or(not(leaf("k", "")))),
  ];
  for (const filter of bad) assert.equal(TagsFilter.of(filter), undefined, JSON.stringify(filter));
});

test("[TF2] comparisons, and what a missing tag is to each", () => {
  const tags = { a: "apple", empty: "", n: "10.5", ["__proto__"]: "p" };
  const answers: readonly (readonly [FilterNode, boolean, boolean])[] = [
    // filter on `a`; its answer; its answer when there are no tags at all
    [leaf("a", "eq", "apple"), true, false],
    [leaf("a", "eq", "Apple"), false, false],
    [leaf("a", "neq", "apple"), false, true],
    [leaf("a", "neq", "pear"), true, true],
    [leaf("a", "in", "", ["pear", "apple"]), true, false],
    [leaf("a", "in", "", ["pear"]), false, false],
    [leaf("a", "nin", "", ["pear", "apple"]), false, true],
    [leaf("a", "ex"), true, false],
    [leaf("a", "nex"), false, true],
    [leaf("a", "sw", "app"), true, false],
    [leaf("a", "ew", "ple"), true, false],
    [leaf("a", "ct", "ppl"), true, false],
    [leaf("a", "ct", "x"), false, false],
    [leaf("a", "gt", "1"), false, false],
    [leaf("n", "gt", "10.49"), true, false],
    [leaf("n", "gte", "10.50"), true, false],
    [leaf("n", "lt", "+10.500"), false, false],
    [leaf("n", "lte", "010.5"), true, false],
    [leaf("n", "gt", "ten"), false, false],
    [leaf("empty", "in", "", [""]), true, true],
    [leaf("missing", "in", "", [""]), true, true],
    [leaf("missing", "nin", "", [""]), false, false],
    [leaf("empty", "ex"), true, false],
    [leaf("__proto__", "eq", "p"), true, false],
    [leaf("constructor", "ex"), false, false],
    [leaf("toString", "nex"), true, true],
  ];
  for (const [filter, withTags, without] of answers) {
    assert.deepEqual(
      [isMatch(filter, tags), isMatch(filter, undefined), isMatch(filter, {})],
      [withTags, without, without],
      JSON.stringify(filter),
    );
  }
});

/** The meaning of a filter, told as plainly as possible. */
function meaning(filter: FilterNode, tags: Tags): boolean {
  if (filter.op === "and") return filter.nodes.every((inner) => meaning(inner, tags));
  if (filter.op === "or") return filter.nodes.some((inner) => meaning(inner, tags));
  if (filter.op === "not") return !filter.nodes.every((inner) => meaning(inner, tags));
  return tags[filter.key] === filter.val;
}

test("[TF3] and, or, not in any nesting mean what they say", () => {
  let state = 99;
  const roll = (max: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % max;
  };
  const random = (depth: number): FilterNode => {
    const kind = depth === 0 ? 0 : roll(5);
    if (kind <= 1) return leaf("abc".charAt(roll(3)), "eq", String(roll(2)));
    if (kind === 2) return not(random(depth - 1));
    const nodes = Array.from({ length: 1 + roll(4) }, () => random(depth - 1));
    return kind === 3 ? and(...nodes) : or(...nodes);
  };
  for (let round = 0; round < 3_000; round++) {
    const filter = random(5);
    if (TagsFilter.of(filter) === undefined) continue;
    for (let bits = 0; bits < 8; bits++) {
      const tags = { a: String(bits & 1), b: String((bits >> 1) & 1), c: String(bits >> 2) };
      assert.equal(isMatch(filter, tags), meaning(filter, tags), JSON.stringify(filter));
    }
  }
});

test("[TF4] a filter may nest as deep as a frame lets it, and has a thousand comparisons at most", () => {
  let deep: FilterNode = leaf("a", "eq", "1");
  for (let depth = 0; depth < 20_001; depth++) deep = depth % 3 === 0 ? not(deep) : depth % 3 === 1 ? and(deep) : or(deep);
  assert.deepEqual([isMatch(deep, { a: "1" }), isMatch(deep, { a: "2" })], [false, true]);
  const wide = (count: number) => or(...Array.from({ length: count }, (_, at) => leaf("a", "eq", String(at))));
  assert.equal(isMatch(wide(leavesMax), { a: String(leavesMax - 1) }), true);
  assert.equal(TagsFilter.of(wide(leavesMax + 1)), undefined);
});

test("[TF5] numbers are decimals of up to 19 places, compared without rounding; anything else is no number", () => {
  for (const text of ["0", "-0", "+7", "007", "1.5", "0.0000000000000000001", "9".repeat(200)]) assert.ok(parseDecimal(text), text);
  const none = [
    "",
    "-",
    "+",
    ".5",
    "-.5",
    "5.",
    "1.2.3",
    "1e5",
    "0x10",
    "NaN",
    "Infinity",
    " 1",
    "1 ",
    "1\n",
    "1_000",
    "--1",
    "-+1",
    "٣",
    "1,5",
  ];
  for (const text of [...none, `0.${"1".repeat(20)}`, "9".repeat(201)]) assert.equal(parseDecimal(text), undefined, text);
  const order = (a: string, b: string) => Math.sign(compareDecimals(parseDecimal(a)!, parseDecimal(b)!)) + 0;
  const ascending = ["-10", "-9.99", "-0.1", "0", "0.0000000000000000001", "0.1", "2", "10", "9007199254740992", "9007199254740993"];
  for (const [low, a] of ascending.entries()) {
    for (const [high, b] of ascending.entries()) assert.equal(order(a, b), Math.sign(low - high) + 0, `${a} and ${b}`);
  }
  for (const [a, b] of [
    ["-0", "0"],
    ["+1.50", "1.5"],
    ["00000000000000000000000001", "1.000000000000000000"],
  ] as const) {
    assert.equal(order(a, b), 0);
  }
  assert.equal(order(`${"9".repeat(180)}.1`, `${"9".repeat(180)}.2`), -1);
});
