import type { StreamPosition } from "@fleetcast/protocol";
import type { FleetQueries, JournalReadRequest } from "../journal.ts";
import type { SealedTape } from "./tape.ts";

export type ReaderQuestion =
  | { readonly kind: "read"; readonly request: JournalReadRequest }
  | { readonly kind: "top"; readonly channel: string }
  | { readonly kind: "readFrom"; readonly afterId: number; readonly limit: number }
  | { readonly kind: "cursors"; readonly publisher: string }
  | { readonly kind: "stats" }
  | { readonly kind: "fleet"; readonly query: keyof FleetQueries; readonly values: readonly unknown[] };

/** To the reader: what was asked in one tick, in order. */
export type ReaderRequest =
  | { readonly kind: "open"; readonly path: string; readonly epoch: string }
  | { readonly kind: "ask"; readonly questions: readonly ReaderQuestion[] }
  | { readonly kind: "close" };

export type ReaderAnswer =
  /** The next `count` rows of the reply's tape; `top` only for a read. */
  | { readonly kind: "rows"; readonly count: number; readonly top: StreamPosition | undefined }
  | { readonly kind: "unrecoverable"; readonly epoch: string }
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "failed"; readonly why: string; readonly lasting: boolean };

export type ReaderReply =
  | { readonly kind: "opened" }
  | { readonly kind: "answers"; readonly answers: readonly ReaderAnswer[]; readonly tape: SealedTape }
  | { readonly kind: "closed" }
  /** Unasked: a line for the log. */
  | { readonly kind: "notice"; readonly message: string };
