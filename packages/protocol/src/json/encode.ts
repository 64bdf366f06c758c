import type { Push } from "../push.ts";
import type { ConnectResult, Reply, SubscribeResult } from "../reply.ts";
import type { ClientInfo, Publication } from "../values.ts";
import { isJson } from "./scan.ts";

/** A raw payload that JSON cannot carry. Thrown and caught inside the codec only. */
export class NotJson extends Error {
  override readonly name = "NotJson";
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
      return `{${id}"history":{"publications":[${publications.map(encodePublication).join(",")}],"epoch":${jsonString(epoch)},"offset":${offset}}}`;
    }
    case "refresh":
    case "sub_refresh":
      return `{${id}"${reply.kind}":${object(flag("expires", reply.result.expires), number("ttl", reply.result.ttl))}}`;
  }
}

export function encodePush(push: Push): string {
  return `{"push":{"channel":${jsonString(push.channel)},${pushBody(push)}}}`;
}

function pushBody(push: Push): string {
  switch (push.kind) {
    case "publication":
      return `"pub":${encodePublication(push.publication, push.epoch)}`;
    case "join":
    case "leave":
      return `"${push.kind}":{"info":${clientInfo(push.info)}}`;
    case "unsubscribe":
      return `"unsubscribe":${object(number("code", push.unsubscribe.code), text("reason", push.unsubscribe.reason))}`;
  }
}

/** Exported for the property that a publication's bytes survive. */
export function encodePublication(publication: Publication, epoch?: unknown): string {
  const { data, info, offset, tags, version } = publication;
  return object(
    raw("data", data),
    info === undefined ? "" : `"info":${clientInfo(info)}`,
    number("offset", offset),
    tags === undefined ? "" : tagsMember(tags),
    text("epoch", typeof epoch === "string" ? epoch : undefined),
    number("version", version),
  );
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
    number("time", result.time),
  );
}

function subscribeResult(result: SubscribeResult): string {
  const publications = result.publications ?? [];
  return object(
    flag("expires", result.expires),
    number("ttl", result.ttl),
    flag("recoverable", result.recoverable),
    text("epoch", result.epoch),
    publications.length === 0 ? "" : `"publications":[${publications.map((p) => encodePublication(p)).join(",")}]`,
    flag("recovered", result.recovered),
    number("offset", result.offset),
    flag("positioned", result.positioned),
    raw("data", result.data),
    flag("was_recovering", result.wasRecovering),
  );
}

/** User and client stay also when empty. */
function clientInfo(info: ClientInfo): string {
  const members = object(raw("conn_info", info.connInfo), raw("chan_info", info.chanInfo)).slice(1);
  return `{"user":${jsonString(info.user)},"client":${jsonString(info.client)}${members === "}" ? "" : ","}${members}`;
}

function tagsMember(tags: Readonly<Record<string, string>>): string {
  const members = Object.entries(tags).map(([name, value]) => `${jsonString(name)}:${jsonString(value)}`);
  return members.length === 0 ? "" : `"tags":{${members.join(",")}}`;
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
  return value === undefined || value === 0 ? "" : `"${name}":${value}`;
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

const escaped = /[<>&\u2028\u2029]/;
const escapedAll = /[<>&\u2028\u2029]/g;

/** A JSON string as Go's encoder writes it: also safe inside HTML and JavaScript. */
function jsonString(value: string): string {
  const json = JSON.stringify(value);
  if (!escaped.test(json)) return json;
  return json.replace(escapedAll, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * The payload as text, exactly as it came, but on one line: in valid JSON a raw newline can only stand between tokens,
 * and a newline would end the message.
 * @throws NotJson for bytes that are not UTF-8 or not one JSON value.
 */
export function rawText(data: Uint8Array): string {
  let decoded: string;
  try {
    decoded = strictDecoder.decode(data);
  } catch {
    throw new NotJson("not UTF-8");
  }
  if (!isJson(decoded)) throw new NotJson("not JSON");
  return decoded.includes("\n") ? decoded.replaceAll("\n", "") : decoded;
}
