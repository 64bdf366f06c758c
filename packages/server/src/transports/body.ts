import type { Clock } from "@fleetcast/engine";
import { bodyBytesAtDoorMax } from "../http/body.ts";

/** How long a client may take to send a body. */
const bodyMsMax = 30_000;

/** What the listener lets through, so that the refusal of a larger body is ours and carries its headers. */
export function atDoor(bytesMax: number): number {
  return Math.max(bodyBytesAtDoorMax, bytesMax + 1);
}

export type Body =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "too_large" }
  /** The client went away, took too long, or sent something that is no body. */
  | { readonly kind: "broken" };

/** Reads a body and stops at its limit, whatever its declared length says, and at its time, however small the pieces. */
export async function readBody(request: Request, bytesMax: number, clock: Clock): Promise<Body> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > bytesMax) return { kind: "too_large" };
  let giveUp: () => void = () => {};
  const late = new Promise<Body>((resolve) => {
    giveUp = clock.schedule(bodyMsMax, () => resolve({ kind: "broken" }));
  });
  try {
    return await Promise.race([declared === null ? readPieces(request, bytesMax) : readWhole(request), late]);
  } catch {
    return { kind: "broken" };
  } finally {
    giveUp();
  }
}

async function readWhole(request: Request): Promise<Body> {
  return { kind: "whole", bytes: new Uint8Array(await request.arrayBuffer()) };
}

async function readPieces(request: Request, bytesMax: number): Promise<Body> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of request.body ?? []) {
    size += piece.byteLength;
    if (size > bytesMax) return { kind: "too_large" };
    pieces.push(piece);
  }
  return { kind: "whole", bytes: Buffer.concat(pieces) };
}
