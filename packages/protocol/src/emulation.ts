import type { Codec } from "./codec.ts";

/** What a client of an emulated transport says by `/emulation`: commands for a connection that it names. */
export interface EmulationRequest {
  readonly node: string;
  readonly session: string;
  /** A frame of that session's format: the very bytes in Protobuf, in JSON a JSON string that holds it. */
  readonly data: Uint8Array | undefined;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The frame that `data` holds for a session that speaks `codec`; undefined when it holds none, which nobody is told. */
export function emulatedFrame(codec: Codec, data: Uint8Array | undefined): string | Uint8Array | undefined {
  if (codec.name === "protobuf") return data ?? new Uint8Array();
  if (data === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(data));
  } catch {
    return undefined; // Another format's bytes, or no JSON.
  }
  if (value === null) return "";
  return typeof value === "string" ? value.toWellFormed() : undefined;
}
