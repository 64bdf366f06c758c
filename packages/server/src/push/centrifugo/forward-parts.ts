import type { StreamPosition } from "@fleetcast/protocol";
import type { Fields } from "../raw-json/fields.ts";
import { isJson } from "../raw-json/scan.ts";
import { joinParts } from "../raw-json/write.ts";

/** What requests to Centrifugo and its results have in common. */

/** Raw JSON goes as it is, anything else as base64. */
export function withPayloads(request: object, payloads: Readonly<Record<string, Uint8Array | undefined>>): string | Uint8Array {
  const parts: (string | Uint8Array)[] = [JSON.stringify(request).slice(0, -1)];
  for (const [name, payload] of Object.entries(payloads)) {
    if (payload === undefined || payload.length === 0) continue;
    if (isJson(payload)) parts.push(`,"${name}":`, payload);
    else parts.push(`,"b64${name}":"${Buffer.from(payload).toString("base64")}"`);
  }
  return joinParts([...parts, "}"]);
}

export function position(result: Fields): StreamPosition {
  return { offset: count(result, "offset"), epoch: result.text("epoch") ?? "" };
}

export function count(fields: Fields, name: string): number {
  return fields.integer(name, 0, Number.MAX_SAFE_INTEGER) ?? 0;
}

export function elements(fields: Fields, name: string): Fields[] {
  return fields.objects(name) ?? [];
}
