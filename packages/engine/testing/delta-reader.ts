import assert from "node:assert/strict";
import { applyDelta } from "@fleetcast/protocol";
import type { Wire } from "./test-client.ts";

const payloadBytesMax = 1_000_000;

/** A subscriber's end of a delta stream: keeps what it had last and applies patches to it, as SDKs do. */
export class DeltaReader {
  #previous: Uint8Array | undefined;

  /** The payload of a publication, as text. Payloads have to be objects or numbers, written as `JSON.stringify` does. */
  read(publication: Wire): string {
    const data = bytesOf(publication["data"]);
    let whole: Uint8Array | undefined = data;
    if (publication["delta"] === true) {
      assert.ok(this.#previous !== undefined, "a patch, and nothing to apply it to");
      whole = applyDelta(this.#previous, data, payloadBytesMax);
      assert.ok(whole !== undefined, "a patch to something else than what the subscriber has");
    }
    this.#previous = whole;
    return new TextDecoder("utf-8", { fatal: true }).decode(whole);
  }

  readAll(publications: readonly Wire[]): readonly string[] {
    return publications.map((publication) => this.read(publication));
  }
}

/** JSON carries text; Protobuf bytes, which test clients show as a value where they are JSON. */
function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  return new TextEncoder().encode(typeof data === "string" ? data : JSON.stringify(data));
}
