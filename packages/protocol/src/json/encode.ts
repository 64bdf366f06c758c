import type { EncodedMessage } from "../codec.ts";
import { offsetBeyondExact } from "../limits.ts";
import type { Push, SubscribePush } from "../push.ts";
import type { ConnectResult, RefreshResult, Reply, SubscribeResult } from "../reply.ts";
import { utf8Length } from "../utf8.ts";
import type { ClientInfo, Publication, Tags } from "../values.ts";
import { isJson } from "./scan.ts";

/** A raw payload that JSON cannot carry. Thrown and caught inside the codec only. */
export class NotJson extends Error {
  override readonly name = "NotJson";
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Bytes of UTF-8 that the message in the making has beyond its characters; counted where they come in, not over the whole. */
let bytesBeyondLength = 0;

/** A message with its size. @throws NotJson */
export function sized(encode: () => string): EncodedMessage {
  bytesBeyondLength = 0;
  const payload = encode();
  return { payload, sizeBytes: payload.length + bytesBeyondLength };
}

export function encodeReply(reply: Reply): string {
  const id = reply.id === 0 ? "" : `"id":${reply.id},`;
  switch (reply.kind) {
    case "error": {
      const { code, message, temporary } = reply.error;
      return `{${id}"error":${object(number("code", code), text("message", message), flag("temporary", temporary))}}`;
    }
    case "connect":
      return `{${id}"connect":${connectResult(reply.result)}}`;
    case "subscribe":
      return `{${id}"subscribe":${subscribeResult(reply.result)}}`;
    case "unsubscribe":
    case "publish":
      return `{${id}"${reply.kind}":{}}`;
    case "presence":
      return `{${id}"presence":{"presence":${mapObject(reply.result.presence, clientInfo)}}}`;
    case "presence_stats":
      return `{${id}"presence_stats":{"num_clients":${reply.result.numClients},"num_users":${reply.result.numUsers}}}`;
    case "history": {
      const { publications, epoch, offset } = reply.result;
      return `{${id}"history":{"publications":[${publications.map((publication) => encodePublication(publication)).join(",")}],"epoch":${jsonString(epoch)},"offset":${offset}}}`;
    }
    case "refresh":
      return `{${id}"refresh":${refreshResult(reply.result)}}`;
    case "sub_refresh": {
      const { expires, ttl, items } = reply.result;
      return `{${id}"sub_refresh":${object(flag("expires", expires), number("ttl", ttl), publicationList("items", items))}}`;
    }
    case "rpc":
      return `{${id}"rpc":${object(raw("data", reply.data))}}`;
  }
}

export function encodePush(push: Push): string {
  return `{"push":${encodeBarePush(push)}}`;
}

/** As one-way transports carry it: without a reply around it. */
export function encodeBarePush(push: Push): string {
  switch (push.kind) {
    case "publication":
      return `{${channelMember(push.channel)}"pub":${encodePublication(push.publication, push.epoch)}}`;
    case "join":
    case "leave":
      return `{${channelMember(push.channel)}"${push.kind}":{"info":${clientInfo(push.info)}}}`;
    case "unsubscribe": {
      const { code, reason } = push.unsubscribe;
      return `{${channelMember(push.channel)}"unsubscribe":${object(number("code", code), text("reason", reason))}}`;
    }
    case "subscribe":
      return `{${channelMember(push.channel)}"subscribe":${subscribePush(push.subscribe)}}`;
    case "refresh":
      return `{"refresh":${refreshResult(push.refresh)}}`;
    case "connect":
      return `{"connect":${connectPush(push.connect)}}`;
    case "disconnect":
      return `{"disconnect":${object(number("code", push.disconnect.code), text("reason", push.disconnect.reason))}}`;
  }
}

/** An unsubscribe push may be about no channel. */
function channelMember(channel: string): string {
  return channel === "" ? "" : `"channel":${jsonString(channel)},`;
}

function subscribePush(subscribe: SubscribePush): string {
  return object(
    flag("recoverable", subscribe.recoverable),
    text("epoch", subscribe.epoch),
    number("offset", subscribe.offset),
    flag("positioned", subscribe.positioned),
    raw("data", subscribe.data),
  );
}

function refreshResult(result: RefreshResult): string {
  return object(flag("expires", result.expires), number("ttl", result.ttl));
}

/** The hot path: most publications have data, an offset and perhaps tags. */
function encodePublication(publication: Publication, epoch?: string): string {
  const { data, info, offset, tags, delta, key, removed, version } = publication;
  let members = publication.dataAsText === true ? dataText(data) : raw("data", data);
  if (info !== undefined) members = joined(members, `"info":${clientInfo(info)}`);
  if (offset !== 0) members = joined(members, `"offset":${offset}`);
  if (tags !== undefined) members = joined(members, tagsMember(tags));
  if (delta === true) members = joined(members, '"delta":true');
  if (key !== undefined) members = joined(members, text("key", key));
  if (removed === true) members = joined(members, '"removed":true');
  if (epoch !== undefined) members = joined(members, text("epoch", epoch));
  if (version !== undefined) members = joined(members, number("version", version));
  return `{${members}}`;
}

function joined(members: string, member: string): string {
  if (members === "") return member;
  return member === "" ? members : `${members},${member}`;
}

function connectResult(result: ConnectResult): string {
  return object(
    text("client", result.client),
    text("version", result.version),
    flag("expires", result.expires),
    number("ttl", result.ttl),
    raw("data", result.data),
    result.subs === undefined || result.subs.size === 0 ? "" : `"subs":${mapObject(result.subs, subscribeResult)}`,
    number("ping", result.ping),
    flag("pong", result.pong),
    text("session", result.session),
    text("node", result.node),
    number("time", result.time),
  );
}

/** The same as the reply in another order. */
function connectPush(result: ConnectResult): string {
  return object(
    text("client", result.client),
    text("version", result.version),
    raw("data", result.data),
    result.subs === undefined || result.subs.size === 0 ? "" : `"subs":${mapObject(result.subs, subscribeResult)}`,
    flag("expires", result.expires),
    number("ttl", result.ttl),
    number("ping", result.ping),
    flag("pong", result.pong),
    text("session", result.session),
    text("node", result.node),
    number("time", result.time),
  );
}

function subscribeResult(result: SubscribeResult): string {
  return object(
    flag("expires", result.expires),
    number("ttl", result.ttl),
    flag("recoverable", result.recoverable),
    text("epoch", result.epoch),
    publicationList("publications", result.publications),
    flag("recovered", result.recovered),
    number("offset", result.offset),
    flag("positioned", result.positioned),
    raw("data", result.data),
    flag("was_recovering", result.wasRecovering),
    flag("delta", result.delta),
    number("type", result.type),
    number("phase", result.phase),
    text("cursor", result.cursor),
    publicationList("state", result.state),
  );
}

function publicationList(name: string, publications: readonly Publication[] | undefined): string {
  if (publications === undefined || publications.length === 0) return "";
  return `"${name}":[${publications.map((publication) => encodePublication(publication)).join(",")}]`;
}

/** Towards a delta subscriber the data, whole or a patch, is a string: what it holds must be text, not JSON. */
function dataText(data: Uint8Array): string {
  return data.length === 0 ? "" : `"data":${jsonString(decoded(data))}`;
}

/** User and client stay also when empty. */
function clientInfo(info: ClientInfo): string {
  const members = object(raw("conn_info", info.connInfo), raw("chan_info", info.chanInfo)).slice(1);
  return `{"user":${jsonString(info.user)},"client":${jsonString(info.client)}${members === "}" ? "" : ","}${members}`;
}

function tagsMember(tags: Tags): string {
  let members = "";
  for (const name of Object.keys(tags)) members = joined(members, `${jsonString(name)}:${jsonString(tags[name]!)}`);
  return members === "" ? "" : `"tags":{${members}}`;
}

function mapObject<T>(map: ReadonlyMap<string, T>, encode: (value: T) => string): string {
  let members = "";
  for (const [name, value] of map) members += `${members === "" ? "" : ","}${jsonString(name)}:${encode(value)}`;
  return `{${members}}`;
}

function object(...members: readonly string[]): string {
  let joined = "";
  for (const member of members) if (member !== "") joined += joined === "" ? member : `,${member}`;
  return `{${joined}}`;
}

function number(name: string, value: number | undefined): string {
  if (value === undefined || value === 0) return "";
  // A client's own offset, told back to it: the largest stands for all that are not exact here (D29).
  return value === offsetBeyondExact ? `"${name}":18446744073709551615` : `"${name}":${value}`;
}

function flag(name: string, value: boolean | undefined): string {
  return value === true ? `"${name}":true` : "";
}

function text(name: string, value: string | undefined): string {
  return value === undefined || value === "" ? "" : `"${name}":${jsonString(value)}`;
}

function raw(name: string, data: Uint8Array | undefined): string {
  return data === undefined || data.length === 0 ? "" : `"${name}":${rawText(data)}`;
}

/** ASCII without what a JSON string escapes. */
const plain = /^[ !#-%'-;=?-[\]-~]*$/;
const escapedAll = /[<>&\u2028\u2029]/g;

/** A JSON string as Go's encoder writes it: also safe inside HTML and JavaScript. */
function jsonString(value: string): string {
  if (plain.test(value)) return `"${value}"`;
  const json = JSON.stringify(value).replace(escapedAll, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  bytesBeyondLength += utf8Length(json) - json.length;
  return json;
}

/**
 * The payload as text, exactly as it came, but on one line: in valid JSON a raw newline can only stand between tokens,
 * and a newline would end the message.
 * @throws NotJson for bytes that are not UTF-8 or not one JSON value.
 */
function rawText(data: Uint8Array): string {
  if (!isJson(data)) throw new NotJson("not JSON");
  const text = decoded(data);
  bytesBeyondLength += data.length - text.length;
  return text.includes("\n") ? text.replaceAll("\n", "") : text;
}

function decoded(data: Uint8Array): string {
  try {
    return strictDecoder.decode(data);
  } catch {
    throw new NotJson("not UTF-8");
  }
}

/** Is this payload one that JSON clients can be sent: UTF-8 and one JSON value? */
export function isJsonPayload(data: Uint8Array): boolean {
  if (!isJson(data)) return false;
  try {
    strictDecoder.decode(data);
    return true;
  } catch {
    return false;
  }
}
