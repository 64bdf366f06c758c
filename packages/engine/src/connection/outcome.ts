import type { Disconnect, ErrorReply, Reply } from "@fleetcast/protocol";

/** Expected: the client is told and the connection lives on. */
export interface Refusal {
  readonly kind: "error";
  readonly error: ErrorReply;
}

/** The connection ends. */
export interface Ending {
  readonly kind: "disconnect";
  readonly disconnect: Disconnect;
}

/** What a command came to. Handlers answer with one; one place (Connection) acts on it. */
export type Outcome =
  | {
      readonly kind: "reply";
      readonly reply: Reply;
      /** Runs once the reply is in the outbox: what must follow it on the wire. */
      readonly after?: (() => void) | undefined;
      /** What comes instead of a reply that is larger than a connection may queue. Without it the connection ends (3008). */
      readonly orElse?: (() => Outcome) | undefined;
    }
  | Refusal
  | Ending
  /** Nothing is answered: a pong, or a connection that closed meanwhile. */
  | { readonly kind: "nothing" };

export const nothing: Outcome = { kind: "nothing" };
export const refuse = (error: ErrorReply): Refusal => ({ kind: "error", error });
export const endWith = (disconnect: Disconnect): Ending => ({ kind: "disconnect", disconnect });
