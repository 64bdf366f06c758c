import type { Connection } from "./connection/connection.ts";
import type { Member } from "./connection/member.ts";
import type { ConnectionInfo, ConnectionPage } from "./engine-api.ts";

/** The next page of connections by their ids; looks at each of them once and keeps no more than a page. */
export function connectionPage(
  connections: Iterable<Connection>,
  { channel, after, limit }: { readonly channel: string | undefined; readonly after: string; readonly limit: number },
): ConnectionPage {
  const page: { readonly connection: Connection; readonly member: Member }[] = [];
  let isMore = false;
  for (const connection of connections) {
    const { member } = connection;
    if (member === undefined || member.client <= after) continue;
    if (channel !== undefined && !member.isSubscribed(channel)) continue;
    const last = page[page.length - 1];
    if (page.length === limit && (last === undefined || last.member.client < member.client)) {
      isMore = true;
      continue;
    }
    page.splice(placeOf(page, member.client), 0, { connection, member });
    if (page.length > limit) {
      page.pop();
      isMore = true;
    }
  }
  return {
    connections: page.map(({ connection, member }) => infoOf(connection, member)),
    next: isMore ? page[page.length - 1]?.member.client : undefined,
  };
}

function placeOf(page: readonly { readonly member: Member }[], client: string): number {
  let [from, to] = [0, page.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((page[middle]?.member.client ?? "") < client) from = middle + 1;
    else to = middle;
  }
  return from;
}

function infoOf({ transport, outbox }: Connection, member: Member): ConnectionInfo {
  return {
    client: member.client,
    user: member.user,
    transport: transport.transport,
    protocol: transport.protocol,
    remoteAddress: transport.remoteAddress,
    ...member.software,
    connectedAtMs: member.connectedAtMs,
    queuedBytes: outbox.queuedBytes,
    channels: Array.from(member.subscriptions, ({ channel }) => channel.name),
  };
}
