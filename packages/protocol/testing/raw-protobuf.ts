/** Protobuf written byte by byte, so that a test can write it wrongly. */

/** As many bytes as the number needs, or `bytes` of them: longer than needed is legal. */
export function varint(value: number | bigint, bytes = 0): number[] {
  const out: number[] = [];
  let rest = BigInt(value);
  while (rest >= 0x80n || out.length + 1 < bytes) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return out;
}

export function tag(field: number, wireType: number): number[] {
  return varint((BigInt(field) << 3n) | BigInt(wireType));
}

export function number(field: number, value: number | bigint): number[] {
  return [...tag(field, 0), ...varint(value)];
}

export function text(field: number, value: string | readonly number[]): number[] {
  const bytes = typeof value === "string" ? [...new TextEncoder().encode(value)] : value;
  return [...tag(field, 2), ...varint(bytes.length), ...bytes];
}

/** A field that holds a message. */
export function message(field: number, ...members: readonly (readonly number[])[]): number[] {
  return text(field, members.flat());
}

/** One message of a frame, behind its length. */
export function delimited(...members: readonly (readonly number[])[]): Uint8Array {
  const body = members.flat();
  return new Uint8Array([...varint(body.length), ...body]);
}
