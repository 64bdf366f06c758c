import type { Push, SubscribePush } from "../push.ts";
import type { ConnectResult, RefreshResult, Reply, SubscribeResult } from "../reply.ts";
import type { ClientInfo, Publication, Tags } from "../values.ts";
import { WireWriter } from "./writer.ts";

/** Field numbers: `client.proto`. Fields stand in falling order here, because the writer goes from the end to the start. */
const writer = new WireWriter();

export function encodeReply(reply: Reply): Uint8Array {
  writer.begin();
  writer.message(writeResult(reply), 0);
  writer.unsigned(1, reply.id);
  return writer.delimited();
}

export function encodePush(push: Push): Uint8Array {
  writer.begin();
  writePush(push);
  writer.message(4, 0);
  return writer.delimited();
}

/** Writes what stands in the reply and answers its field there. */
function writeResult(reply: Reply): number {
  switch (reply.kind) {
    case "error":
      writer.flag(3, reply.error.temporary);
      writer.text(2, reply.error.message);
      writer.unsigned(1, reply.error.code);
      return 2;
    case "connect":
      connectResult(reply.result);
      return 5;
    case "subscribe":
      subscribeResult(reply.result);
      return 6;
    case "unsubscribe":
      return 7;
    case "publish":
      return 8;
    case "presence":
      map(1, reply.result.presence, clientInfo);
      return 9;
    case "presence_stats":
      writer.unsigned(2, reply.result.numUsers);
      writer.unsigned(1, reply.result.numClients);
      return 10;
    case "history":
      writer.unsigned(3, reply.result.offset);
      writer.text(2, reply.result.epoch);
      publications(1, reply.result.publications);
      return 11;
    case "rpc":
      writer.bytes(1, reply.data);
      return 13;
    case "refresh":
      lifetime(3, reply.result);
      return 14;
    case "sub_refresh":
      publications(3, reply.result.items);
      lifetime(1, reply.result);
      return 15;
  }
}

function writePush(push: Push): void {
  switch (push.kind) {
    case "publication":
      publication(push.publication, push.epoch);
      writer.message(4, 0);
      break;
    case "join":
    case "leave":
      clientInfo(push.info);
      writer.message(1, 0);
      writer.message(push.kind === "join" ? 5 : 6, 0);
      break;
    case "unsubscribe":
      writer.text(3, push.unsubscribe.reason);
      writer.unsigned(2, push.unsubscribe.code);
      writer.message(7, 0);
      break;
    case "subscribe":
      subscribePush(push.subscribe);
      writer.message(9, 0);
      break;
    case "connect":
      connectPush(push.connect);
      writer.message(10, 0);
      return;
    case "disconnect":
      writer.text(2, push.disconnect.reason);
      writer.unsigned(1, push.disconnect.code);
      writer.message(11, 0);
      return;
    case "refresh":
      lifetime(1, push.refresh);
      writer.message(12, 0);
      return;
  }
  writer.text(2, push.channel);
}

function publication(publication: Publication, epoch?: string): void {
  writer.unsigned(16, publication.version);
  writer.text(14, epoch);
  writer.flag(12, publication.removed);
  writer.text(11, publication.key);
  writer.flag(8, publication.delta);
  if (publication.tags !== undefined) tags(7, publication.tags);
  writer.unsigned(6, publication.offset);
  if (publication.info !== undefined) {
    const end = writer.length;
    clientInfo(publication.info);
    writer.message(5, end);
  }
  writer.bytes(4, publication.data);
}

function publications(field: number, list: readonly Publication[] | undefined): void {
  if (list === undefined) return;
  for (let index = list.length - 1; index >= 0; index--) {
    const end = writer.length;
    publication(list[index]!);
    writer.message(field, end);
  }
}

function clientInfo(info: ClientInfo): void {
  writer.bytes(4, info.chanInfo);
  writer.bytes(3, info.connInfo);
  writer.text(2, info.client);
  writer.text(1, info.user);
}

function connectResult(result: ConnectResult): void {
  writer.unsigned(11, result.time);
  writer.text(10, result.node);
  writer.text(9, result.session);
  writer.flag(8, result.pong);
  writer.unsigned(7, result.ping);
  if (result.subs !== undefined) map(6, result.subs, subscribeResult);
  writer.bytes(5, result.data);
  lifetime(3, result);
  writer.text(2, result.version);
  writer.text(1, result.client);
}

/** The same as the reply, under other numbers. */
function connectPush(result: ConnectResult): void {
  writer.unsigned(11, result.time);
  writer.text(10, result.node);
  writer.text(9, result.session);
  writer.flag(8, result.pong);
  writer.unsigned(7, result.ping);
  lifetime(5, result);
  if (result.subs !== undefined) map(4, result.subs, subscribeResult);
  writer.bytes(3, result.data);
  writer.text(2, result.version);
  writer.text(1, result.client);
}

function subscribeResult(result: SubscribeResult): void {
  publications(18, result.state);
  writer.text(17, result.cursor);
  writer.unsigned(16, result.phase);
  writer.unsigned(15, result.type);
  writer.flag(13, result.delta);
  writer.flag(12, result.wasRecovering);
  writer.bytes(11, result.data);
  writer.flag(10, result.positioned);
  writer.unsigned(9, result.offset);
  writer.flag(8, result.recovered);
  publications(7, result.publications);
  writer.text(6, result.epoch);
  writer.flag(3, result.recoverable);
  lifetime(1, result);
}

function subscribePush(subscribe: SubscribePush): void {
  writer.bytes(7, subscribe.data);
  writer.flag(6, subscribe.positioned);
  writer.unsigned(5, subscribe.offset);
  writer.text(4, subscribe.epoch);
  writer.flag(1, subscribe.recoverable);
}

/** `expires` and behind it `ttl`: neighbours in every message that has them. */
function lifetime(field: number, result: RefreshResult): void {
  writer.unsigned(field + 1, result.ttl);
  writer.flag(field, result.expires);
}

function tags(field: number, all: Tags): void {
  for (const name of Object.keys(all).reverse()) {
    const end = writer.length;
    writer.textAlways(2, all[name]!);
    writer.textAlways(1, name);
    writer.message(field, end);
  }
}

function map<T>(field: number, entries: ReadonlyMap<string, T>, write: (value: T) => void): void {
  for (const [key, value] of [...entries].reverse()) {
    const end = writer.length;
    write(value);
    writer.message(2, end);
    writer.textAlways(1, key);
    writer.message(field, end);
  }
}
