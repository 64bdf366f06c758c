import assert from "node:assert/strict";
import { test } from "node:test";
import { contains, matches } from "./expected.ts";
import { stepsOf, withoutRemarks } from "./page.ts";

test("[DOC1] three points stand for any characters in a line, and for any lines", () => {
  assert.ok(matches('{"offset":17,"epoch":"abcd"}\n', '{"offset":...,"epoch":"..."}'));
  assert.ok(matches("one\ntwo\nthree\n", "one\n...\nthree"));
  assert.ok(matches("one\nthree\n", "one\n...\nthree"));
  assert.ok(!matches("one\ntwo\n", "one"));
  assert.ok(!matches("one\n", "one\ntwo"));
  assert.ok(!matches("a+b\n", "aab"));
});

test("[DOC1] what goes on printing is looked at in the middle, too", () => {
  assert.ok(contains("starting\nready in 300 ms\nmore\n", "ready in ... ms"));
  assert.ok(!contains("starting\n", "ready in ... ms"));
});

test("[DOC2] the words behind a block's language say what is done with it", () => {
  const page =
    '```sh stays=server\nserve\n```\ntext\n```text\nready\n```\n1. and\n\n   ```yaml [a.yaml]\n   x: 1\n   ```\n```sh not-run="needs root"\napt\n```';
  assert.deepEqual(
    stepsOf(page).map(({ line, ...step }) => [line, step.kind]),
    [
      [1, "start"],
      [5, "output"],
      [10, "file"],
      [13, "parse"],
    ],
  );
  assert.equal((stepsOf(page)[2] as { text: string }).text, "x: 1\n");
});

test("[DOC3] remarks may differ between the languages, nothing else", () => {
  const of = (text: string): unknown => stepsOf(`\`\`\`sh\n${text}\n\`\`\``).map((step) => withoutRemarks(step));
  assert.deepEqual(of("curl x  # ask"), of("# 请求\ncurl x"));
  assert.notDeepEqual(of("curl x"), of("curl y"));
  assert.notDeepEqual(of("curl http://x"), of("curl http://y"));
});
