import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, Transcript } from "./transcript.ts";

function transcript(tag: string, ...lines: readonly string[]): Transcript {
  const made = new Transcript(tag);
  const lane = made.lane("client");
  for (const line of lines) lane.add(line);
  return made;
}

const uuid = (digit: string) => `${digit.repeat(8)}-1111-4111-8111-${digit.repeat(12)}`;

test("what is different by chance is made equal: tags, connection ids, epochs, versions, a second of ttl", () => {
  const ours = transcript(
    "q0001o",
    `{"client":"${uuid("a")}","version":"0.1.0 Fleetcast","ttl":3599}`,
    '{"epoch":"xyz","channel":"a-q0001o"}',
  );
  const real = transcript(
    "q0001r",
    `{"client":"${uuid("b")}","version":"6.9.6 OSS","ttl":3600}`,
    '{"epoch":"AbCdEfGh","channel":"a-q0001r"}',
  );
  assert.deepEqual(differences(ours, real, "in order"), []);
});

test("a field more, another order and a line too few are told", () => {
  const base = ['{"id":1,"publish":{}}', '{"id":2,"publish":{}}'];
  const found = (...lines: readonly string[]) => differences(transcript("o", ...lines), transcript("r", ...base), "in order").length;
  assert.equal(found(...base), 0);
  assert.equal(found('{"id":1,"publish":{"offset":1}}', base[1]!), 1);
  assert.equal(found(base[1]!, base[0]!), 1);
  assert.equal(found(base[0]!), 1);
  assert.equal(differences(transcript("o", base[1]!, base[0]!), transcript("r", ...base), { anyOrder: "a test" }).length, 0);
});

test("one id that stands for two, and two that stand for one, are told", () => {
  const twice = (first: string, second: string) => transcript("t", `{"client":"${uuid(first)}"}`, `{"client":"${uuid(second)}"}`);
  assert.equal(differences(twice("a", "a"), twice("b", "c"), "in order").length, 1);
  assert.equal(differences(twice("a", "b"), twice("c", "d"), "in order").length, 0);
});

test("maps have no order, everything else has", () => {
  const maps = (order: string) => transcript("t", order === "ab" ? '{"tags":{"a":"1","b":"2"}}' : '{"tags":{"b":"2","a":"1"}}');
  assert.deepEqual(differences(maps("ab"), maps("ba"), "in order"), []);
  assert.equal(differences(transcript("t", '{"a":1,"b":2}'), transcript("t", '{"b":2,"a":1}'), "in order").length, 1);
});
