import { readFileSync } from "node:fs";
import protobuf from "protobufjs";
import { opcodes } from "./raw-websocket.ts";
import { payloadValue, Raw, type Received, type Wire, type WireFormat } from "./wire-format.ts";

/** Length-delimited Protobuf by protobufjs and a definition of our own, next to this file. */
const schema = protobuf.parse(readFileSync(new URL("./client.proto", import.meta.url), "utf8"), { keepCase: true }).root;
schema.resolveAll();
export const commandType = schema.lookupType("Command");
export const replyType = schema.lookupType("Reply");
export const emulationType = schema.lookupType("EmulationRequest");

export const protobufFormat: WireFormat = {
  name: "protobuf",
  subprotocol: "centrifuge-protobuf",
  opcode: opcodes.binary,
  encode: (commands) => Buffer.concat(commands.map((command) => delimited(encodeMessage(commandType, command)))),
  decode: (frame): Received[] => decodeDelimited(replyType, frame),
};

/** Its length as a varint, and the message. */
export function delimited(message: Uint8Array): Buffer {
  return Buffer.concat([varint(message.length), message]);
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

export function encodeMessage(type: protobuf.Type, message: Wire): Buffer {
  return Buffer.from(type.encode(type.fromObject(forWire(type, message) as Wire)).finish());
}

export function decodeDelimited(type: protobuf.Type, frame: Buffer): Received[] {
  const reader = protobuf.Reader.create(frame);
  const received: Received[] = [];
  while (reader.pos < reader.len) {
    const size = reader.uint32();
    if (reader.pos + size > reader.len)
      throw new Error(`a message of ${size} bytes, and only ${reader.len - reader.pos} left in the frame`);
    const bytes = frame.subarray(reader.pos, reader.pos + size);
    reader.skip(size);
    received.push({ value: read(type, bytes, payloadValue), text: JSON.stringify(read(type, bytes, payloadText)) });
  }
  return received;
}

/** What stands on the wire and nothing else: absent fields stay absent, explicit zeros stay, fields in the order of the wire. */
function read(type: protobuf.Type, bytes: Buffer, payload: (bytes: Buffer) => unknown): Wire {
  const reader = protobuf.Reader.create(bytes);
  const message: Wire = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined) throw new Error(`${type.name} has no field ${tag >>> 3}`);
    if (field instanceof protobuf.MapField) {
      const entry = readEntry(field, Buffer.from(reader.bytes()), payload);
      message[field.name] = { ...(message[field.name] as Wire | undefined), [entry.key]: entry.value };
      continue;
    }
    const value = readValue(field, reader, payload);
    if (field.repeated) message[field.name] = [...((message[field.name] as unknown[] | undefined) ?? []), value];
    else message[field.name] = value;
  }
  return message;
}

/** All our maps go from a string to a string or to a message. */
function readEntry(field: protobuf.MapField, bytes: Buffer, payload: (bytes: Buffer) => unknown): { key: string; value: unknown } {
  const reader = protobuf.Reader.create(bytes);
  const entry: { key: string; value: unknown } = { key: "", value: field.resolvedType === null ? "" : {} };
  while (reader.pos < reader.len) {
    if (reader.uint32() >>> 3 === 1) entry.key = reader.string();
    else entry.value = readValue(field, reader, payload);
  }
  return entry;
}

function readValue(
  field: Pick<protobuf.Field, "type" | "resolvedType">,
  reader: protobuf.Reader,
  payload: (bytes: Buffer) => unknown,
): unknown {
  if (field.resolvedType instanceof protobuf.Type) return read(field.resolvedType, Buffer.from(reader.bytes()), payload);
  switch (field.type) {
    case "string":
      return reader.string();
    case "bytes":
      return payload(Buffer.from(reader.bytes()));
    case "bool":
      return reader.bool();
    case "uint32":
      return reader.uint32();
    case "int32":
      return reader.int32();
    case "uint64":
      return exactNumber(String(reader.uint64()));
    case "int64":
      return exactNumber(String(reader.int64()));
    case "sint64":
      return exactNumber(String(reader.sint64()));
    default:
      throw new Error(`no reader for ${field.type}`);
  }
}

/** Payloads become bytes, all else stays. */
function forWire(type: protobuf.Type, message: Wire): Wire {
  const one = (field: Pick<protobuf.Field, "type" | "resolvedType">, value: unknown): unknown => {
    if (field.type === "bytes") return value instanceof Raw ? value.bytes : Buffer.from(JSON.stringify(value));
    return field.resolvedType instanceof protobuf.Type ? forWire(field.resolvedType, value as Wire) : value;
  };
  const result: Wire = {};
  for (const [name, value] of Object.entries(message)) {
    const field = type.fields[name];
    if (field === undefined) throw new Error(`${type.name} has no field ${name}`);
    if (value === undefined) continue;
    if (field instanceof protobuf.MapField) {
      result[name] = Object.fromEntries(Object.entries(value as Wire).map(([key, inner]) => [key, one(field, inner)]));
    } else result[name] = field.repeated ? (value as unknown[]).map((inner) => one(field, inner)) : one(field, value);
  }
  return result;
}

function exactNumber(text: string): number | string {
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

/** A payload to the letter, in hexadecimal where it is no text. */
function payloadText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : `hex ${bytes.toString("hex")}`;
}
