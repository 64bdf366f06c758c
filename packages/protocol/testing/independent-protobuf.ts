import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

/**
 * A codec that nobody here wrote (protobufjs), made from `client.proto` alone: what tests hold ours against. Messages are the
 * objects of the JSON protocol, so that one test speaks both formats: a `bytes` field holds a JSON value, or a `Uint8Array`
 * where its bytes are no JSON; what JSON always says is there, too.
 */
// biome-ignore lint/suspicious/noExplicitAny: the shape of a message is what a test checks.
export type Wire = Record<string, any>;

const here = dirname(fileURLToPath(import.meta.url));
const { root } = protobuf.parse(readFileSync(join(here, "..", "src", "protobuf", "client.proto"), "utf8"), { keepCase: true });
root.resolveAll();

export function messageType(name: string): protobuf.Type {
  return root.lookupType(`centrifugal.centrifuge.protocol.${name}`);
}

/** Commands as one frame. */
export function encodeCommands(...commands: readonly Wire[]): Uint8Array {
  return encodeDelimited("Command", commands);
}

/** Replies as one frame. */
export function encodeReplies(...replies: readonly Wire[]): Uint8Array {
  return encodeDelimited("Reply", replies);
}

/** What a server's frame says. */
export function decodeReplies(frame: Uint8Array): Wire[] {
  return decodeDelimited("Reply", frame);
}

export function decodeCommands(frame: Uint8Array): Wire[] {
  return decodeDelimited("Command", frame);
}

/** One message without a length before it. */
export function encodeMessage(name: string, message: Wire): Uint8Array {
  const type = messageType(name);
  return new Uint8Array(type.encode(toProtobuf(type, message)).finish());
}

function encodeDelimited(name: string, messages: readonly Wire[]): Uint8Array {
  const type = messageType(name);
  const writer = protobuf.Writer.create();
  for (const message of messages) type.encodeDelimited(toProtobuf(type, message), writer);
  return new Uint8Array(writer.finish());
}

function decodeDelimited(name: string, frame: Uint8Array): Wire[] {
  const type = messageType(name);
  const reader = protobuf.Reader.create(frame);
  const messages: Wire[] = [];
  while (reader.pos < reader.len) messages.push(fromProtobuf(type, type.decodeDelimited(reader)));
  return messages;
}

function toProtobuf(type: protobuf.Type, value: Wire): protobuf.Message {
  return type.fromObject(convert(type, value, toBytes));
}

function fromProtobuf(type: protobuf.Type, message: protobuf.Message): Wire {
  return withJsonDefaults(type, convert(type, type.toObject(message, { longs: Number }), fromBytes));
}

/** The same object with each `bytes` field changed. */
function convert(type: protobuf.Type, value: Wire, change: (value: unknown) => unknown): Wire {
  const converted: Wire = {};
  for (const [name, member] of Object.entries(value)) {
    const field = type.fields[name];
    if (field === undefined || member === undefined || (member === null && field.type !== "bytes")) continue;
    const one = (item: unknown): unknown => {
      if (field.type === "bytes") return change(item);
      return field.resolvedType instanceof protobuf.Type ? convert(field.resolvedType, item as Wire, change) : item;
    };
    if (field.map) converted[name] = Object.fromEntries(Object.entries(member as Wire).map(([key, item]) => [key, one(item)]));
    else converted[name] = field.repeated ? (member as unknown[]).map(one) : one(member);
  }
  return converted;
}

function toBytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value));
}

function fromBytes(value: unknown): unknown {
  const bytes = new Uint8Array(value as Uint8Array);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return bytes;
  }
}

const jsonDefaults: Readonly<Record<string, Wire>> = {
  ClientInfo: { user: "", client: "" },
  PresenceResult: { presence: {} },
  PresenceStatsResult: { num_clients: 0, num_users: 0 },
  HistoryResult: { publications: [], epoch: "", offset: 0 },
};

/** Zero values that the JSON protocol says although they are zero (PR3). */
function withJsonDefaults(type: protobuf.Type, value: Wire): Wire {
  const full: Wire = { ...jsonDefaults[type.name], ...value };
  for (const [name, member] of Object.entries(full)) {
    const field = type.fields[name];
    const inner = field?.resolvedType;
    if (field === undefined || !(inner instanceof protobuf.Type)) continue;
    const one = (item: unknown): Wire => withJsonDefaults(inner, item as Wire);
    if (field.map) full[name] = Object.fromEntries(Object.entries(member as Wire).map(([key, item]) => [key, one(item)]));
    else full[name] = field.repeated ? (member as unknown[]).map(one) : one(member);
  }
  return full;
}
