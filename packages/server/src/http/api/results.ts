import type { ClientInfo, Publication, StreamPosition, Tags } from "@fleetcast/protocol";
import type { NodeInfo, PublishResult } from "../../push/push-engine.ts";
import { isJson } from "../../push/raw-json/scan.ts";
import { compactJson, joinParts, jsonText } from "../../push/raw-json/write.ts";

/**
 * Results of the server API as JSON text. Zero values are left out except where noted; raw payloads are compacted and
 * escaped, their numbers and order kept (centrifugo-v6 section 8.3).
 */

/** A stored payload is no JSON (published through `b64data`): the whole answer becomes HTTP 500, as in the real server. */
export class UnencodableResult extends Error {
  override readonly name = "UnencodableResult";
}

export function publishJson(result: PublishResult): string {
  const { position } = result;
  return position === undefined ? "{}" : positionJson(position);
}

function positionJson(position: StreamPosition): string {
  if (position.offset === 0) return `{"epoch":${JSON.stringify(position.epoch)}}`;
  return `{"offset":${position.offset},"epoch":${JSON.stringify(position.epoch)}}`;
}

export type Part = string | Uint8Array;

/** `publications`, `epoch` and `offset` are always there. */
export function historyJson(history: { readonly publications: readonly Publication[]; readonly top: StreamPosition }): Uint8Array {
  const parts: Part[] = ['{"publications":['];
  history.publications.forEach((publication, index) => {
    if (index > 0) parts.push(",");
    pushPublication(parts, publication);
  });
  parts.push(`],"epoch":${jsonText(history.top.epoch)},"offset":${history.top.offset}}`);
  return joinParts(parts);
}

function pushPublication(parts: Part[], publication: Publication): void {
  parts.push('{"data":', rawPart(publication.data));
  if (publication.info !== undefined) {
    parts.push(',"info":');
    pushClientInfo(parts, publication.info);
  }
  if (publication.offset > 0) parts.push(`,"offset":${publication.offset}`);
  const tags = tagsMember(publication.tags);
  parts.push(tags === "" ? "}" : `,${tags}}`);
}

/** "" where there are none. */
export function tagsMember(tags: Tags = {}): string {
  const members = Object.entries(tags).map(([name, value]) => `${jsonText(name)}:${jsonText(value)}`);
  return members.length === 0 ? "" : `"tags":{${members.join(",")}}`;
}

/** `presence` is always there, and `user` and `client` of each entry. */
export function presenceJson(presence: ReadonlyMap<string, ClientInfo>): Uint8Array {
  const parts: Part[] = ['{"presence":{'];
  let first = true;
  for (const [client, info] of presence) {
    parts.push(first ? "" : ",", jsonText(client), ":");
    pushClientInfo(parts, info);
    first = false;
  }
  parts.push("}}");
  return joinParts(parts);
}

function pushClientInfo(parts: Part[], info: ClientInfo): void {
  parts.push(`{"user":${jsonText(info.user)},"client":${jsonText(info.client)}`);
  if (info.connInfo !== undefined && info.connInfo.length > 0) parts.push(',"conn_info":', rawPart(info.connInfo));
  if (info.chanInfo !== undefined && info.chanInfo.length > 0) parts.push(',"chan_info":', rawPart(info.chanInfo));
  parts.push("}");
}

export function rawPart(raw: Uint8Array): Uint8Array {
  if (!isJson(raw)) throw new UnencodableResult("a stored payload is no JSON");
  return compactJson(raw);
}

export function channelsJson(channels: ReadonlyMap<string, { readonly clients: number }>): string {
  const entries = Array.from(channels, ([name, { clients }]) => `${jsonText(name)}:${clients === 0 ? "{}" : `{"num_clients":${clients}}`}`);
  return `{"channels":{${entries.join(",")}}}`;
}

/** The four counts are always there. */
export function nodesJson(nodes: readonly NodeInfo[]): string {
  const texts = nodes.map((node) => {
    const uptime = node.uptime === 0 ? "" : `,"uptime":${node.uptime}`;
    return (
      `{"uid":${jsonText(node.uid)},"name":${jsonText(node.name)},"version":${jsonText(node.version)},"num_clients":${node.num_clients},` +
      `"num_users":${node.num_users},"num_channels":${node.num_channels}${uptime},"num_subs":${node.num_subs}}`
    );
  });
  return `{"nodes":[${texts.join(",")}]}`;
}
