/**
 * Field by field through the requests of a client, in whatever format they are written: one description of what they hold
 * serves both. A list and a map come as their field once for each element or entry, as Protobuf writes them. What is not as
 * the protocol wants it is thrown as a `ProtocolViolation`.
 */
export interface FieldReader {
  /** Enters the message that stands here; it is read with `next` to its end, then closed. */
  open(shape: Shape): void;
  close(): void;
  /** Goes to the next field of the open message; false at its end. Each field must then be read, opened or skipped. */
  next(): boolean;
  /** Number of the field that `next` stopped at. */
  readonly field: number;
  uint32(): number;
  int32(): number;
  /** The lowest 32 bits of a 64-bit number. */
  flags(): number;
  /** A 64-bit offset: exact, or `offsetBeyondExact`. */
  offset(): number;
  boolean(): boolean;
  string(): string;
  /** A payload, copied: one of a single byte must not keep its whole frame in memory. */
  bytes(): Uint8Array;
  /** One entry of a map; `zero` where it has no value. Of two entries with one key the last counts. */
  entry<T>(into: Map<string, T>, readValue: () => T, zero: T): void;
  skip(): void;
}

/** How a format with names finds the fields of a message. */
export interface Shape {
  readonly byName: ReadonlyMap<string, Field>;
  /** By the length of their names: found without making a string of what the frame says. */
  readonly byLength: readonly (readonly Field[] | undefined)[];
}

export interface Field {
  /** Where Protobuf has it. */
  readonly number: number;
  readonly name: Uint8Array;
  /** `payload`: any value, also null. `list` and `map`: each element or entry on its own. */
  readonly kind: "value" | "payload" | "list" | "map";
}
