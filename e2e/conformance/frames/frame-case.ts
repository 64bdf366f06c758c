/** What the server does with what a client wrote. */
export type Outcome =
  /** The publication that was written comes back, to the byte, and the connection lives on. */
  | { readonly kind: "published" }
  /** These pongs, in this order, and the connection lives on. */
  | { readonly kind: "ponged"; readonly payloads: readonly string[] }
  /** Nothing, and the connection lives on. */
  | { readonly kind: "alive" }
  | { readonly kind: "close"; readonly code: number }
  | { readonly kind: "cut" };

/** Publish commands, for cases that look at what comes back. */
export interface Commands {
  /** Of exactly so many bytes. */
  ofLength(bytes: number): Buffer;
  /** With these bytes between the quotes of its data. */
  withText(text: string | Uint8Array): Buffer;
}

export interface FrameCase {
  /** Row of reliability's table W: the rule's id gets a number behind it. */
  readonly row: string;
  readonly text: string;
  /** What is written after the client has connected and subscribed. */
  readonly writes: (commands: Commands) => Buffer;
  /** Written in pieces of this size; all at once unless said. */
  readonly pieces?: number;
  readonly outcome: Outcome;
  /** Where the real server does something else: what, and words of the line in docs/spec/deviations.md. */
  readonly real?: { readonly outcome: Outcome; readonly deviation: string };
}

export const published: Outcome = { kind: "published" };
export const alive: Outcome = { kind: "alive" };
export const cut: Outcome = { kind: "cut" };
export const closes = (code: number): Outcome => ({ kind: "close", code });
export const pongs = (...payloads: readonly string[]): Outcome => ({ kind: "ponged", payloads });
