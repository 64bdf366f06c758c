import type { DecodedFrame } from "../codec.ts";
import { type ClientCommand, type Method, methodsInOrder, type SubscribeRequest, type TrackBatch } from "../command.ts";
import type { EmulationRequest } from "../emulation.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { decodeFilter } from "./filter.ts";
import { JsonReader, type Members } from "./reader.ts";

const pong: ClientCommand = { kind: "pong" };
const onlyPong: DecodedFrame = { commands: [pong], violation: false };
const encoder = new TextEncoder();
const rejectUnrecoveredBit = 2n;

/**
 * A frame is lines, one object a line, with at most one newline at the end. A blank line, a broken one, or one that
 * names nothing known ends the frame with a violation; what stands behind the object of a line is not looked at (C1).
 */
export function decodeJsonFrame(frame: string | Uint8Array): DecodedFrame {
  if (frame === "{}") return onlyPong;
  const bytes = bytesOf(frame);
  const commands: ClientCommand[] = [];
  for (let start = 0; start === 0 || start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const command = decodeLine(bytes.subarray(start, end));
    if (command === undefined) return { commands, violation: true };
    commands.push(command);
    start = end + 1;
  }
  return { commands, violation: false };
}

/** The one frame of a one-way connection: a connect request without a command around it; `null` asks for nothing. */
export function decodeJsonConnect(frame: string | Uint8Array): DecodedFrame {
  try {
    const reader = new JsonReader(bytesOf(frame));
    return { commands: [{ kind: "connect", id: 1, request: decodeConnect(reader, reader.root()) }], violation: false };
  } catch (error) {
    if (error instanceof ProtocolViolation) return { commands: [], violation: true };
    throw error;
  }
}

/** The body of a request to `/emulation`; undefined when it breaks the rules. */
export function decodeJsonEmulation(body: Uint8Array): EmulationRequest | undefined {
  try {
    const reader = new JsonReader(body);
    const root = reader.root();
    return { node: reader.string(root, "node"), session: reader.string(root, "session"), data: reader.raw(root, "data") };
  } catch (error) {
    if (error instanceof ProtocolViolation) return undefined;
    throw error;
  }
}

function bytesOf(frame: string | Uint8Array): Uint8Array {
  return typeof frame === "string" ? encoder.encode(frame) : frame;
}

function decodeLine(line: Uint8Array): ClientCommand | undefined {
  try {
    const reader = new JsonReader(line);
    const root = reader.root();
    return decodeCommand(reader, root, reader.uint32(root, "id"));
  } catch (error) {
    if (error instanceof ProtocolViolation) return undefined;
    throw error;
  }
}

function decodeCommand(reader: JsonReader, root: Members, id: number): ClientCommand | undefined {
  let first: ClientCommand | undefined;
  // All of them are read although one is used: a wrong type in any of them breaks the whole command.
  for (const method of methodsInOrder) {
    if (!reader.has(root, method)) continue;
    const command = decodeMethod(reader, method, id, reader.members(root.get(method)));
    first ??= command;
  }
  if (reader.has(root, "ping")) reader.members(root.get("ping"));
  return id === 0 && !reader.has(root, "send") ? pong : first;
}

function decodeMethod(reader: JsonReader, method: Method, id: number, m: Members): ClientCommand {
  switch (method) {
    case "connect":
      return { kind: method, id, request: decodeConnect(reader, m) };
    case "subscribe":
      return { kind: method, id, request: decodeSubscribe(reader, m) };
    case "unsubscribe":
    case "presence":
    case "presence_stats":
      return { kind: method, id, request: { channel: reader.string(m, "channel") } };
    case "publish":
      return { kind: method, id, request: decodePublish(reader, m) };
    case "history":
      return { kind: method, id, request: decodeHistory(reader, m) };
    case "rpc":
      return { kind: method, id, request: { data: reader.raw(m, "data"), method: reader.string(m, "method") } };
    case "send":
      return { kind: method, id, request: { data: reader.raw(m, "data") } };
    case "refresh":
      return { kind: method, id, request: { token: reader.string(m, "token") } };
    case "sub_refresh":
      return {
        kind: method,
        id,
        request: {
          channel: reader.string(m, "channel"),
          token: reader.string(m, "token"),
          type: reader.int32(m, "type"),
          track: reader.list(m, "track", (batch) => decodeTrackBatch(reader, reader.members(batch))),
          untrack: reader.list(m, "untrack", (key) => reader.stringAt(key)),
        },
      };
  }
}

function decodeConnect(reader: JsonReader, m: Members) {
  reader.int64(m, "flag");
  return {
    token: reader.string(m, "token"),
    data: reader.raw(m, "data"),
    subs: reader.map(m, "subs", (sub) => decodeSubscribe(reader, reader.members(sub))),
    name: reader.string(m, "name"),
    version: reader.string(m, "version"),
    headers: reader.map(m, "headers", (value) => reader.stringAt(value)),
  };
}

function decodeSubscribe(reader: JsonReader, m: Members): SubscribeRequest {
  return {
    channel: reader.string(m, "channel"),
    token: reader.string(m, "token"),
    recover: reader.boolean(m, "recover"),
    epoch: reader.string(m, "epoch"),
    offset: reader.offset(m, "offset"),
    data: reader.raw(m, "data"),
    positioned: reader.boolean(m, "positioned"),
    recoverable: reader.boolean(m, "recoverable"),
    joinLeave: reader.boolean(m, "join_leave"),
    delta: reader.string(m, "delta"),
    tagsFilter: reader.built(m, "tf", decodeFilter),
    rejectUnrecovered: (reader.int64(m, "flag") & rejectUnrecoveredBit) !== 0n,
    type: reader.int32(m, "type"),
    phase: reader.int32(m, "phase"),
    cursor: reader.string(m, "cursor"),
    limit: reader.int32(m, "limit"),
    asc: reader.boolean(m, "asc"),
  };
}

function decodePublish(reader: JsonReader, m: Members) {
  return {
    channel: reader.string(m, "channel"),
    data: reader.raw(m, "data"),
    type: reader.int32(m, "type"),
    key: reader.string(m, "key"),
    removed: reader.boolean(m, "removed"),
  };
}

function decodeTrackBatch(reader: JsonReader, m: Members): TrackBatch {
  return {
    signature: reader.string(m, "signature"),
    items: reader.list(m, "items", (element) => {
      const item = reader.members(element);
      return { key: reader.string(item, "key"), version: reader.offset(item, "version") };
    }),
  };
}

function decodeHistory(reader: JsonReader, m: Members) {
  const since = reader.members(m.get("since"));
  return {
    channel: reader.string(m, "channel"),
    limit: reader.int32(m, "limit"),
    since: reader.has(m, "since") ? { offset: reader.offset(since, "offset"), epoch: reader.string(since, "epoch") } : undefined,
    reverse: reader.boolean(m, "reverse"),
  };
}
