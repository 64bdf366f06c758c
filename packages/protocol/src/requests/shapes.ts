import type { Field, Shape } from "./field-reader.ts";

const encoder = new TextEncoder();

/** Names and numbers of all fields that requests have; the same as in `client.proto`. */
function shape(fields: Readonly<Record<string, number>>, kinds: Readonly<Record<string, Field["kind"]>> = {}): Shape {
  const byName = new Map<string, Field>();
  const byLength: Field[][] = [];
  for (const [name, number] of Object.entries(fields)) {
    const field: Field = { number, name: encoder.encode(name), kind: kinds[name] ?? "value" };
    byName.set(name, field);
    byLength[name.length] = [...(byLength[name.length] ?? []), field];
  }
  return { byName, byLength };
}

export const shapes = {
  Command: shape({
    id: 1,
    connect: 4,
    subscribe: 5,
    unsubscribe: 6,
    publish: 7,
    presence: 8,
    presence_stats: 9,
    history: 10,
    ping: 11,
    send: 12,
    rpc: 13,
    refresh: 14,
    sub_refresh: 15,
  }),
  ConnectRequest: shape(
    { token: 1, data: 2, subs: 3, name: 4, version: 5, headers: 6, flag: 7, dict: 8, profile: 9 },
    { data: "payload", subs: "map", headers: "map" },
  ),
  SubscribeRequest: shape(
    {
      channel: 1,
      token: 2,
      recover: 3,
      epoch: 6,
      offset: 7,
      data: 8,
      positioned: 9,
      recoverable: 10,
      join_leave: 11,
      delta: 12,
      tf: 13,
      flag: 14,
      type: 15,
      phase: 16,
      cursor: 17,
      limit: 18,
      asc: 19,
    },
    { data: "payload" },
  ),
  UnsubscribeRequest: shape({ channel: 1 }),
  PublishRequest: shape({ channel: 1, data: 2, type: 3, key: 4, removed: 5 }, { data: "payload" }),
  PresenceRequest: shape({ channel: 1 }),
  PresenceStatsRequest: shape({ channel: 1 }),
  HistoryRequest: shape({ channel: 1, limit: 7, since: 8, reverse: 9 }),
  StreamPosition: shape({ offset: 1, epoch: 2 }),
  PingRequest: shape({}),
  SendRequest: shape({ data: 1 }, { data: "payload" }),
  RPCRequest: shape({ data: 1, method: 2 }, { data: "payload" }),
  RefreshRequest: shape({ token: 1 }),
  SubRefreshRequest: shape({ channel: 1, token: 2, type: 3, track: 4, untrack: 5 }, { track: "list", untrack: "list" }),
  TrackBatch: shape({ signature: 1, items: 2 }, { items: "list" }),
  KeyedItem: shape({ key: 1, version: 2 }),
  FilterNode: shape({ op: 1, key: 2, cmp: 3, val: 4, vals: 5, nodes: 6 }, { vals: "list", nodes: "list" }),
  EmulationRequest: shape({ node: 1, session: 2, data: 3 }, { data: "payload" }),
} as const;
