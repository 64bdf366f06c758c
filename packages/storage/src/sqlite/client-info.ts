import type { ClientInfo } from "@fleetcast/protocol";

/**
 * `publication.info` as one blob: four parts, each a 32-bit little-endian length and its bytes; an absent part has the
 * length 2^32-1. `connInfo` and `chanInfo` are raw JSON and stay the bytes they were.
 */
const absent = 0xffff_ffff;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeClientInfo(info: ClientInfo): Uint8Array {
  const parts = [encoder.encode(info.user), encoder.encode(info.client), info.connInfo, info.chanInfo];
  const length = parts.reduce((sum, part) => sum + 4 + (part?.length ?? 0), 0);
  const blob = new Uint8Array(length);
  const view = new DataView(blob.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part?.length ?? absent, true);
    at += 4;
    if (part !== undefined) {
      blob.set(part, at);
      at += part.length;
    }
  }
  return blob;
}

export function decodeClientInfo(blob: Uint8Array): ClientInfo {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  let at = 0;
  const next = (): Uint8Array | undefined => {
    const length = view.getUint32(at, true);
    at += 4;
    if (length === absent) return undefined;
    at += length;
    return blob.subarray(at - length, at);
  };
  const user = decoder.decode(next());
  const client = decoder.decode(next());
  return { user, client, connInfo: next(), chanInfo: next() };
}
