import type { StreamPosition } from "@fleetcast/protocol";
import type { Fields } from "../../push/raw-json/fields.ts";

/** A payload of a request: `b64name` wins over `name`; undefined where neither is there. */
export function readPayload(fields: Fields, name: "data" | "info"): Uint8Array | "bad base64" | undefined {
  const encoded = fields.text(`b64${name}`) ?? "";
  if (encoded !== "") return decodeBase64(encoded) ?? "bad base64";
  const raw = fields.raw(name);
  return raw === undefined ? undefined : ownBytes(raw);
}

/** A copy, so that a payload that is kept does not keep the whole request body alive. */
export function ownBytes(raw: Uint8Array | undefined): Uint8Array {
  return raw === undefined ? new Uint8Array() : raw.slice();
}

/** Standard alphabet with padding; line ends inside are skipped, as the real server does. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const joined = text.replace(/[\r\n]/g, "");
  if (joined.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(joined)) return undefined;
  return new Uint8Array(Buffer.from(joined, "base64"));
}

export function readPosition(fields: Fields | undefined): StreamPosition | undefined {
  if (fields === undefined) return undefined;
  return { offset: fields.integer("offset", 0, Number.MAX_SAFE_INTEGER) ?? 0, epoch: fields.text("epoch") ?? "" };
}

/** 64-bit bounds: a time beyond them is nobody's, and one that is not exact is capped anyway. */
const timeMax = 2 ** 63;

/** Unix seconds; undefined where it is not set: 0 and less mean never. */
export function readExpireAt(fields: Fields): number | undefined {
  const expireAtS = fields.integer("expire_at", -timeMax, timeMax) ?? 0;
  return expireAtS > 0 ? expireAtS : undefined;
}
