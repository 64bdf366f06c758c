import { crc32 } from "node:zlib";

/**
 * The checksum of a publication row (L14): SQLite does not notice a flipped byte inside a value, so every value that a
 * subscriber could see, and the link to the former row, is covered.
 */
export function rowCrc(
  channelId: number,
  offset: number,
  prev: number,
  at: number,
  tags: string | null,
  info: Uint8Array | null,
  data: Uint8Array,
): number {
  const head = crc32(`${channelId} ${offset} ${prev} ${at} ${tags ?? ""}`);
  return crc32(data, info === null ? head : crc32(info, head));
}
