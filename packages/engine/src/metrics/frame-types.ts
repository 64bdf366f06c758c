import type { ClientCommand, Push } from "@fleetcast/protocol";

/** What a message is, in the order in which it is counted; the words are the real server's. */
export const frameTypes = [
  "server_ping",
  "client_pong",
  "push_connect",
  "push_subscribe",
  "push_publication",
  "push_join",
  "push_leave",
  "push_unsubscribe",
  "push_refresh",
  "push_disconnect",
  "connect",
  "subscribe",
  "publish",
  "unsubscribe",
  "rpc",
  "presence",
  "presence_stats",
  "history",
  "refresh",
  "sub_refresh",
  "send",
] as const;

/** Place in `frameTypes`. */
export type FrameType = number;

const place = (name: (typeof frameTypes)[number]): FrameType => frameTypes.indexOf(name);

export const serverPing = place("server_ping");

const ofPush: Readonly<Record<Push["kind"], FrameType>> = {
  connect: place("push_connect"),
  subscribe: place("push_subscribe"),
  publication: place("push_publication"),
  join: place("push_join"),
  leave: place("push_leave"),
  unsubscribe: place("push_unsubscribe"),
  refresh: place("push_refresh"),
  disconnect: place("push_disconnect"),
};

const ofCommand: Readonly<Record<ClientCommand["kind"], FrameType>> = {
  pong: place("client_pong"),
  connect: place("connect"),
  subscribe: place("subscribe"),
  publish: place("publish"),
  unsubscribe: place("unsubscribe"),
  rpc: place("rpc"),
  presence: place("presence"),
  presence_stats: place("presence_stats"),
  history: place("history"),
  refresh: place("refresh"),
  sub_refresh: place("sub_refresh"),
  send: place("send"),
};

export const frameTypeOfPush = (kind: Push["kind"]): FrameType => ofPush[kind];
/** Also of the reply to it. */
export const frameTypeOfCommand = (kind: ClientCommand["kind"]): FrameType => ofCommand[kind];
