import assert from "node:assert/strict";
import { test } from "node:test";
import { namedGroups, usesCharacterClasses } from "./literal-groups.ts";

test("[J8] groups that are lists of literals", () => {
  for (const group of [
    "one",
    "one|two|three",
    "",
    "a|",
    "a b",
    "ä",
    "one\\.two",
    "a\\/b\\-c",
    "(one|two)-(?:x|y)",
    "a]b}",
    "(?:(?:deep))",
  ]) {
    assert.deepEqual([...namedGroups(`^https://(?P<tenant>${group})\\.example\\.com/.*$`)], [["tenant", true]], group);
    assert.deepEqual([...namedGroups(`(?<tenant>${group})`)], [["tenant", true]], group);
  }
});

test("[J8] groups that can take what is not written out in them", () => {
  for (const group of [
    ".",
    ".*",
    "a*",
    "a+",
    "a?",
    "a{2}",
    "[ab]",
    "\\w",
    "\\d+",
    "\\pL",
    "\\x61",
    "\\Qa\\E",
    "^a",
    "a$",
    "\\b",
    "(a|b)*",
    "(?:a|b)+",
    "(?i:a)",
    "(?i)a",
    "(?P<inner>.)",
  ]) {
    assert.equal(namedGroups(`x(?P<tenant>${group})y`).get("tenant"), false, group);
  }
});

test("[J8] what stands around a group does not make it open, and each group is judged on its own", () => {
  assert.deepEqual(
    [...namedGroups("^.*(?P<a>x|y)+[0-9](?P<b>.+)(?P<c>z)$")],
    [
      ["a", true],
      ["b", false],
      ["c", true],
    ],
  );
  assert.deepEqual([...namedGroups("(no name)(?:nor here)")], []);
});

test("[J8] classes of characters are found wherever they stand", () => {
  for (const source of ["[a]", "x[^y]", "\\d", "\\W", "\\pL", "a\\\\\\d"]) assert.equal(usesCharacterClasses(source), true, source);
  for (const source of ["a.b", "\\[a\\]", "\\\\d", "a|b", "(?P<d>w)"]) assert.equal(usesCharacterClasses(source), false, source);
});
