import assert from "node:assert/strict";
import type { Wire } from "./wire-format.ts";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

/** What a Fossil delta makes of a payload. Written from the format's description for these tests alone. */
function applied(source: Buffer, delta: Buffer): Buffer {
  let at = 0;
  const integer = (): number => {
    let value = 0;
    for (; digits.includes(String.fromCharCode(delta[at]!)); at++) value = value * 64 + digits.indexOf(String.fromCharCode(delta[at]!));
    return value;
  };
  const size = integer();
  assert.equal(String.fromCharCode(delta[at++]!), "\n");
  const parts: Buffer[] = [];
  for (;;) {
    const count = integer();
    const command = String.fromCharCode(delta[at++]!);
    if (command === ";") break;
    if (command === "@") {
      const offset = integer();
      assert.equal(String.fromCharCode(delta[at++]!), ",");
      parts.push(source.subarray(offset, offset + count));
    } else {
      assert.equal(command, ":");
      parts.push(delta.subarray(at, at + count));
      at += count;
    }
  }
  const target = Buffer.concat(parts);
  assert.equal(target.length, size, "the size at the head of the delta");
  return target;
}

/** The payload's own bytes, as the wire carried it: text in JSON, bytes in Protobuf (shown as a value where they are JSON). */
function bytesOf(data: unknown): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  const { bytes } = data as { readonly bytes?: string };
  return typeof bytes === "string" ? Buffer.from(bytes, "hex") : Buffer.from(JSON.stringify(data));
}

/** Payloads of publications that a delta subscriber got one after another, patches applied. */
export function deltaPayloads(publications: readonly Wire[]): unknown[] {
  let previous: Buffer | undefined;
  return publications.map((publication) => {
    const data = bytesOf(publication["data"]);
    if (publication["delta"] === true) assert.ok(previous !== undefined, "a patch, and nothing to apply it to");
    previous = publication["delta"] === true ? applied(previous!, data) : data;
    return JSON.parse(previous.toString("utf8")) as unknown;
  });
}
