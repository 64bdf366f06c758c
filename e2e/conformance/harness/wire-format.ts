/** A message of either side as tests look at it: the JSON protocol's names and shapes, whatever the wire was. */
// biome-ignore lint/suspicious/noExplicitAny: what the wire says is what a test checks.
export type Wire = Record<string, any>;

export type FormatName = "json" | "protobuf";

/** A payload's exact bytes, where a value would be written in another way. */
export class Raw {
  readonly bytes: Buffer;

  constructor(text: string | Uint8Array) {
    this.bytes = Buffer.from(text as Uint8Array);
  }
}

export const raw = (text: string | Uint8Array): Raw => new Raw(text);

export interface Received {
  /** Payloads are values where they are JSON, else `{ bytes: hex }`. */
  readonly value: Wire;
  /** The whole message to the letter, as far as the wire has letters: what two servers are compared by. */
  readonly text: string;
}

/** One wire format as a client speaks it. Independent of the server's own codecs. */
export interface WireFormat {
  readonly name: FormatName;
  readonly subprotocol: string;
  readonly opcode: number;
  /** Several commands in one frame. */
  encode(commands: readonly Wire[]): Buffer;
  decode(frame: Buffer): Received[];
}

/** A payload as a value: parsed where it is JSON. */
export function payloadValue(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return { bytes: bytes.toString("hex") };
  }
}
