import assert from "node:assert/strict";
import { test } from "node:test";
import { applyDelta, createDelta } from "../index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(data);
const unlimited = Number.MAX_SAFE_INTEGER;
const create = (source: Uint8Array, target: Uint8Array, asText = false) => {
  const delta = createDelta(source, target, { bytesMax: unlimited, asText });
  assert.ok(delta);
  return delta;
};

/** Numbers below `max`, the same ones every time. */
function dice(seed: number): (max: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (max) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % max;
  };
}

/** A run of bytes, or of characters of one to four bytes, as a payload might hold them. */
function piece(roll: (max: number) => number, asText: boolean): Uint8Array {
  const length = roll(3) === 0 ? roll(400) : roll(24);
  if (!asText) return Uint8Array.from({ length }, () => roll(roll(2) === 0 ? 3 : 256));
  const characters = ["a", "7", "é", "я", "温", "度", "℃", "😀", "🤖", '"'];
  return bytes(Array.from({ length }, () => characters[roll(characters.length)]).join(""));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Two payloads that share pieces, in another order, repeated, or not at all. */
function pair(roll: (max: number) => number, asText: boolean): readonly [Uint8Array, Uint8Array] {
  const pieces = Array.from({ length: 1 + roll(6) }, () => piece(roll, asText));
  const pick = () =>
    Array.from({ length: roll(7) }, () => (roll(5) === 0 ? piece(roll, asText) : (pieces[roll(pieces.length)] ?? bytes(""))));
  return [joined(pick()), joined(pick())];
}

test("[DL1] applying the delta of any two payloads to the first gives the second", () => {
  for (let seed = 1; seed <= 4_000; seed++) {
    const asText = seed % 2 === 0;
    const [source, target] = pair(dice(seed), asText);
    const delta = create(source, target, asText);
    assert.deepEqual(applyDelta(source, delta, target.length), target, `seed ${seed}`);
  }
});

test("[DL1] a changed number in a telemetry payload costs a few bytes", () => {
  const reading = (voltage: string) =>
    bytes(`{"id":"vm-001","system":{"voltage":${voltage},"door_closed":true},"environment":{"temps":[4.1,3.9,4.4]},"ts":1700000000}`);
  const delta = create(reading("230.1"), reading("229.8"));
  assert.ok(delta.length < 35, `${delta.length} bytes: ${text(delta)}`);
  assert.equal(text(delta), "1o\n_@0,4:29.81B@d,2XHph9;");
});

test("[DL1] a piece that moved, and one that repeats, are found again", () => {
  const block = (name: string) => `{"name":"${name}","values":[1,2,3,4,5,6,7,8,9],"unit":"celsius"}`;
  const source = bytes(`[${block("first")},${block("second")},${block("third")}]`);
  const target = bytes(`[${block("third")},${block("new")},${block("first")},${block("first")}]`);
  const delta = create(source, target);
  assert.ok(delta.length < target.length / 2, `${delta.length} of ${target.length}`);
  assert.deepEqual(applyDelta(source, delta, target.length), target);
});

test("[DL2] the delta of two texts is a text, also where a change lies inside a character", () => {
  // Neighbours in Unicode share their first bytes.
  const source = bytes(`{"text":"${"温度正常".repeat(10)}а😀","n":1}`);
  const target = bytes(`{"text":"${"温度正常".repeat(10)}б😁","n":1}`);
  assert.throws(() => text(create(source, target)));
  const delta = create(source, target, true);
  assert.ok(text(delta).includes("б😁"));
  assert.deepEqual(applyDelta(source, delta, target.length), target);
  for (let seed = 1; seed <= 4_000; seed++) {
    const [before, after] = pair(dice(seed), true);
    text(create(before, after, true));
  }
});

test("[DL3] a delta that would be larger than allowed is given up", () => {
  const roll = dice(3);
  for (let round = 0; round < 500; round++) {
    const [source, target] = pair(roll, false);
    const whole = create(source, target).length;
    assert.equal(createDelta(source, target, { bytesMax: whole, asText: false })?.length, whole);
    assert.equal(createDelta(source, target, { bytesMax: whole - 1, asText: false }), undefined);
  }
});

test("[DL1] deltas of other encoders are applied", () => {
  const from = (n: number) => bytes(JSON.stringify({ n, pad: "abcdefghijklmnopqrstuvwxyz0123456789".repeat(3), t: "x" }));
  // As Centrifugo v6.9.6 sent them.
  for (const [source, delta, target] of [
    [from(1), '24\n6:{"n":21z@6,hPuYD;', from(2)],
    [from(2), '24\n6:{"n":31z@6,hQ9YD;', from(3)],
    [bytes(""), "5\n5:hello3NPMmh;", bytes("hello")],
  ] as const) {
    assert.deepEqual(applyDelta(source, bytes(delta), 1_000), target, delta);
  }
});

test("[DL4] what is no delta for this source is refused, and no size is believed", () => {
  const source = bytes("0123456789abcdef0123456789abcdef");
  const target = bytes("0123456789abcdef0123456789abcdeX!");
  const delta = create(source, target);
  assert.deepEqual(applyDelta(source, delta, 33), target);
  assert.equal(applyDelta(source, delta, 32), undefined);
  assert.equal(applyDelta(bytes("other"), delta, 100), undefined);
  assert.equal(applyDelta(bytes("0123456789abcdef0123456789abcdeY"), delta, 100)?.length ?? 0, 33, "what is not copied does not matter");
  for (let cut = 0; cut < delta.length; cut++) assert.equal(applyDelta(source, delta.subarray(0, cut), 100), undefined, `cut at ${cut}`);
  for (const broken of ["~~~~~~\n", "3~~~~~\n", "5", "5\n", "5\n5", "5\n9:abc", "5\n1@0", "5\n5@0;", "5\n5?0,", "5\n2:ab", "1\n1:a0;"]) {
    assert.equal(applyDelta(source, bytes(broken), 1_000_000), undefined, broken);
  }
  const roll = dice(9);
  for (let round = 0; round < 20_000; round++) {
    const damaged = delta.slice();
    for (let changes = 1 + roll(3); changes > 0; changes--) damaged[roll(damaged.length)] = roll(256);
    const result = applyDelta(source, damaged, 1_000);
    assert.ok(result === undefined || result.length <= 1_000);
  }
});

test("[DL5] payloads made to be slow are not", { timeout: 20_000 }, () => {
  const size = 1_000_000;
  const roll = dice(5);
  const zeros = new Uint8Array(size);
  const noise = Uint8Array.from({ length: size }, () => roll(256));
  const few = Uint8Array.from({ length: size }, () => (roll(100) === 0 ? 1 : 0));
  const almost = Uint8Array.from({ length: size }, (_, at) => (at % 17 === 0 ? roll(2) : 0));
  const shifted = Uint8Array.from([7, ...few.subarray(0, size - 2), 7]);
  const worst: [string, number][] = [];
  for (const [name, source, target] of [
    ["zeros", zeros, Uint8Array.from([1, ...zeros, 1])],
    ["noise", noise, Uint8Array.from([...noise].reverse())],
    ["few", few, almost],
    ["almost", almost, few],
    ["shifted", few, shifted],
  ] as const) {
    const startMs = performance.now();
    assert.deepEqual(applyDelta(source, create(source, target), target.length), target);
    worst.push([name, performance.now() - startMs]);
  }
  assert.ok(
    worst.every(([, ms]) => ms < 1_500),
    JSON.stringify(worst),
  );
});
