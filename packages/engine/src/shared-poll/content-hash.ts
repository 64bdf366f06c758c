/**
 * 53 bits of a payload, seeded so that nobody can make two payloads alike that a channel would take for one. Length and hash
 * tell whether what a backend says of a key is what it said before, without a copy of it being kept.
 */
export function contentHash(data: Uint8Array, seed: number): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed ^ data.length;
  for (const byte of data) {
    high = Math.imul(high ^ byte, 2_654_435_761);
    low = Math.imul(low ^ byte, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (low & 0x1fffff) * 4_294_967_296 + (high >>> 0);
}
