import { randomBytes } from "node:crypto";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  readonly fin?: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Bytes of the length field where they are not the fewest that hold it: 2 or 8. */
  readonly lengthBytes?: 2 | 8;
  /** A length that the payload does not have. */
  readonly declared?: bigint;
}

/** One frame of a client, right or wrong. */
export function frame({ opcode, payload = "", fin = true, rsv = 0, masked = true, lengthBytes, declared }: FrameOptions): Buffer {
  const bytes = Buffer.from(payload as Uint8Array);
  const length = declared ?? BigInt(bytes.length);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const maskBit = masked ? 0x80 : 0;
  const wide = lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const head = Buffer.alloc(2 + wide);
  head[0] = first;
  head[1] = maskBit | (wide === 0 ? Number(length) : wide === 2 ? 126 : 127);
  if (wide === 2) head.writeUInt16BE(Number(length), 2);
  if (wide === 8) head.writeBigUInt64BE(length, 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const mask = randomBytes(4);
  const hidden = Buffer.from(bytes);
  for (let i = 0; i < hidden.length; i++) hidden[i]! ^= mask[i % 4]!;
  return Buffer.concat([head, mask, hidden]);
}

/** A message as several frames, cut at these places. */
export function fragments(opcode: number, payload: Uint8Array, cuts: readonly number[], rsv = 0): Buffer[] {
  const places = [0, ...cuts, payload.length];
  return places.slice(1).map((end, i) =>
    frame({
      opcode: i === 0 ? opcode : opcodes.continuation,
      payload: payload.subarray(places[i]!, end),
      fin: i === places.length - 2,
      rsv: i === 0 ? rsv : 0,
    }),
  );
}

/** Places that cut a payload into pieces of this size. */
export function every(size: number, length: number): number[] {
  const places: number[] = [];
  for (let at = size; at < length; at += size) places.push(at);
  return places;
}

export function closePayload(code: number, reason: string | Uint8Array = ""): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason as Uint8Array)]);
}
