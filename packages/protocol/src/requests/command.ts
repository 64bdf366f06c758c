import { type ClientCommand, methodsInOrder } from "../command.ts";
import type { FieldReader } from "./field-reader.ts";
import * as read from "./requests.ts";
import { shapes } from "./shapes.ts";

type Draft<T> = { -readonly [K in keyof T]: T[K] };
type MethodCommand = Exclude<ClientCommand, { kind: "pong" }>;

export const pong: ClientCommand = { kind: "pong" };

/** The command that stands here. Undefined for one that names nothing known (C6). */
export function readCommand(reader: FieldReader): ClientCommand | undefined {
  let id = 0;
  let hasSend = false;
  let command: Draft<MethodCommand> | undefined;
  let place: number = methodsInOrder.length;
  reader.open(shapes.Command);
  while (reader.next()) {
    if (reader.field === 1) {
      id = reader.uint32();
      continue;
    }
    // All of them are read although one is used (C7): a wrong type in any of them breaks the whole command.
    const next = readMethod(reader, command);
    if (next === undefined) continue;
    if (next.kind === "send") hasSend = true;
    const nextPlace = methodsInOrder.indexOf(next.kind);
    if (nextPlace > place) continue;
    command = next;
    place = nextPlace;
  }
  reader.close();
  if (id === 0 && !hasSend) return pong;
  if (command !== undefined) command.id = id;
  return command;
}

/** The id follows, wherever it stands. A method that stands twice is one message: the second goes on from the first. */
function readMethod(reader: FieldReader, before: MethodCommand | undefined): Draft<MethodCommand> | undefined {
  const id = 0;
  switch (reader.field) {
    case 4:
      return { kind: "connect", id, request: read.connect(reader, before?.kind === "connect" ? before.request : undefined) };
    case 5:
      return { kind: "subscribe", id, request: read.subscribe(reader, before?.kind === "subscribe" ? before.request : undefined) };
    case 6:
      return { kind: "unsubscribe", id, request: read.channel(reader, before?.kind === "unsubscribe" ? before.request : undefined) };
    case 7:
      return { kind: "publish", id, request: read.publish(reader, before?.kind === "publish" ? before.request : undefined) };
    case 8:
      return { kind: "presence", id, request: read.channel(reader, before?.kind === "presence" ? before.request : undefined) };
    case 9:
      return { kind: "presence_stats", id, request: read.channel(reader, before?.kind === "presence_stats" ? before.request : undefined) };
    case 10:
      return { kind: "history", id, request: read.history(reader, before?.kind === "history" ? before.request : undefined) };
    case 12:
      return { kind: "send", id, request: read.send(reader, before?.kind === "send" ? before.request : undefined) };
    case 13:
      return { kind: "rpc", id, request: read.rpc(reader, before?.kind === "rpc" ? before.request : undefined) };
    case 14:
      return { kind: "refresh", id, request: read.refresh(reader, before?.kind === "refresh" ? before.request : undefined) };
    case 15:
      return { kind: "sub_refresh", id, request: read.subRefresh(reader, before?.kind === "sub_refresh" ? before.request : undefined) };
    case 11:
      read.nothing(reader); // `ping`: known, and of no use (C6)
      return undefined;
    default:
      reader.skip();
      return undefined;
  }
}
