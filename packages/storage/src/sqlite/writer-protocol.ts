import type { Keep } from "./housekeeping.ts";
import type { SealedTape } from "./tape.ts";

/** Buffers that go back to the side that filled them. */
export interface SpentBuffers {
  readonly numbers: ArrayBuffer;
  readonly bytes: ArrayBuffer;
}

/** To the writer. One message is answered before the next is sent. */
export type WriterRequest =
  | { readonly kind: "open"; readonly dir: string; readonly recover: boolean; readonly freshEpoch: string; readonly keep: Keep }
  | { readonly kind: "batch"; readonly units: number; readonly tape: SealedTape; readonly recycled: SpentBuffers | undefined }
  /** The batch that failed for a passing reason, once more; the writer still holds it. */
  | { readonly kind: "retry" }
  | { readonly kind: "tidy"; readonly nowMs: number }
  | { readonly kind: "close" };

export type WriterAnswer =
  | { readonly kind: "opened"; readonly epoch: string; readonly notices: readonly string[] }
  | { readonly kind: "refused"; readonly path: string; readonly why: string }
  | { readonly kind: "committed"; readonly outcomes: SealedTape; readonly spent: SpentBuffers; readonly waitingPages: number }
  | { readonly kind: "transient"; readonly why: string }
  | { readonly kind: "fatal"; readonly why: string }
  | { readonly kind: "tidied"; readonly more: boolean }
  | { readonly kind: "closed" }
  /** Unasked: a line for the log. */
  | { readonly kind: "notice"; readonly message: string };
