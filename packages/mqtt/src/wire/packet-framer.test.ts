import assert from "node:assert/strict";
import { test } from "node:test";
import { lengthBytes, packet } from "../../testing/bytes.ts";
import { AckWindow } from "./ack-window.ts";
import { PacketFramer } from "./packet-framer.ts";

const stream = Buffer.concat([
  packet(0xc0),
  packet(0x30, "a".repeat(127)),
  packet(0x32, "b".repeat(128)),
  packet(0x40, [0, 1]),
  packet(0x30, "c".repeat(20_000)),
]);
const packets = ["c0:0", "30:127", "32:128", "40:2", "30:20000"];

function takeAll(framer: PacketFramer): string[] {
  const found: string[] = [];
  while (framer.next()) {
    found.push(`${framer.first.toString(16)}:${framer.end - framer.start}`);
    const letters = new Set(framer.bytes.subarray(framer.start, framer.end).toString("latin1"));
    assert.ok(letters.size <= 2);
  }
  return found;
}

test("[M22] however the stream is cut in two, the packets are the same", () => {
  for (let cut = 0; cut <= 700; cut++) {
    const framer = new PacketFramer(() => undefined);
    framer.push(stream.subarray(0, cut));
    const found = takeAll(framer);
    framer.push(stream.subarray(cut));
    assert.deepEqual([...found, ...takeAll(framer)], packets, `cut at ${cut}`);
    assert.equal(framer.bufferedBytes, 0);
  }
});

test("[M22] in pieces of every size, pushed all before the first is asked for", () => {
  for (const size of [1, 2, 3, 7, 64, 129, 4_096]) {
    const framer = new PacketFramer(() => undefined);
    for (let at = 0; at < stream.length; at += size) framer.push(stream.subarray(at, at + size));
    assert.deepEqual(takeAll(framer), packets, `pieces of ${size}`);
  }
});

test("[D3] a header is judged before any of its body is kept, and nothing comes after a violation", () => {
  const asked: number[] = [];
  const framer = new PacketFramer((_first, lengthInBytes) => {
    asked.push(lengthInBytes);
    return lengthInBytes > 100 ? "too_large" : undefined;
  });
  framer.push(Buffer.concat([packet(0x30, "ok"), Buffer.from([0x30]), lengthBytes(268_435_455), Buffer.alloc(50)]));
  assert.deepEqual(takeAll(framer), ["30:2"]);
  assert.equal(framer.violation, "too_large");
  assert.equal(framer.bufferedBytes, 0);
  framer.push(packet(0xc0));
  assert.equal(framer.next(), false);
  assert.deepEqual(asked, [2, 268_435_455]);
});

test("a packet above the size to keep is found cut, and the next one is whole", () => {
  const framer = new PacketFramer(() => undefined, 1_000);
  for (let at = 0; at < stream.length; at += 777) framer.push(stream.subarray(at, at + 777));
  framer.push(packet(0xc0));
  const sizes: string[] = [];
  while (framer.next()) sizes.push(`${framer.end - framer.start}${framer.truncated ? " cut" : ""}`);
  assert.deepEqual(sizes, ["0", "127", "128", "2", "1000 cut", "0"]);
});

test("[D2] answers leave in packet order however the window is settled, and each once", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const window = new AckWindow();
    const slots = Array.from({ length: 50 }, (_, index) => window.open(index % 5 === 0 ? 0 : 0x40, index + 1, 10));
    const order = slots.map((_, index) => (index * ((seed % 49) | 1) + seed) % 50);
    const remaining = [...new Set([...order, ...slots.keys()])];
    const left: number[] = [];
    for (const index of remaining) {
      window.settle(slots[index] as (typeof slots)[number]);
      const out = window.take() ?? Buffer.alloc(0);
      for (let at = 0; at < out.length; at += 4) left.push(out.readUInt16BE(at + 2));
    }
    assert.deepEqual(
      left,
      slots.filter((slot) => slot.answer !== 0).map((slot) => slot.packetId),
    );
    assert.equal(window.count, 0);
    assert.equal(window.bytes, 0);
  }
});
