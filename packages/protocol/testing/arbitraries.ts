import fc from "fast-check";
import type { Push, SubscribePush } from "../src/push.ts";
import type { ConnectResult, RefreshResult, Reply, SubRefreshResult, SubscribeResult } from "../src/reply.ts";
import type { ClientInfo, Publication } from "../src/values.ts";
import type { Wire } from "./independent-protobuf.ts";

/** Anything that a server may say and a client may ask, within what every JSON client can be told. */

const name = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ maxLength: 30 }),
  fc.constantFrom("", "__proto__", "constructor"),
);
const whole = (max: number) => fc.oneof(fc.nat(200), fc.integer({ min: 0, max }), fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, max));
const uint32 = whole(4_294_967_295);
const safe = whole(Number.MAX_SAFE_INTEGER);
const flag = fc.boolean();
/** A payload as JSON clients need it: one line of JSON. */
const payload = fc.json({ maxDepth: 2 }).map((json) => new TextEncoder().encode(json));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const info: fc.Arbitrary<ClientInfo> = fc.record({ user: name, client: name, connInfo: maybe(payload), chanInfo: maybe(payload) });
const publication: fc.Arbitrary<Publication> = fc.record({
  data: payload,
  offset: safe,
  info: maybe(info),
  tags: maybe(
    fc.dictionary(
      name.filter((key) => key !== "__proto__"),
      name,
      { maxKeys: 4 },
    ),
  ),
  version: maybe(safe),
  key: maybe(name),
  removed: maybe(flag),
  delta: maybe(flag),
});
const lifetime: fc.Arbitrary<RefreshResult> = fc.record({ expires: maybe(flag), ttl: maybe(uint32) });
const subscribeResult: fc.Arbitrary<SubscribeResult> = fc
  .record({
    recoverable: maybe(flag),
    epoch: maybe(name),
    publications: maybe(fc.array(publication, { maxLength: 3 })),
    recovered: maybe(flag),
    offset: maybe(safe),
    positioned: maybe(flag),
    data: maybe(payload),
    wasRecovering: maybe(flag),
    delta: maybe(flag),
    type: maybe(fc.nat(4)),
    phase: maybe(fc.nat(2)),
    cursor: maybe(name),
    state: maybe(fc.array(publication, { maxLength: 3 })),
    more: lifetime,
  })
  .map(({ more, ...result }) => ({ ...result, ...more }));
const connectResult: fc.Arbitrary<ConnectResult> = fc
  .record({
    client: name,
    version: name,
    data: maybe(payload),
    subs: maybe(fc.array(fc.tuple(name, subscribeResult), { maxLength: 3 }).map((entries) => new Map(entries))),
    ping: uint32,
    pong: flag,
    session: maybe(name),
    node: maybe(name),
    time: maybe(safe),
    more: lifetime,
  })
  .map(({ more, ...result }) => ({ ...result, ...more }));
const subscribePush: fc.Arbitrary<SubscribePush> = fc.record({
  recoverable: maybe(flag),
  epoch: maybe(name),
  offset: maybe(safe),
  positioned: maybe(flag),
  data: maybe(payload),
});
const kind = <K extends string>(value: K) => fc.constant(value);

export const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ kind: kind("error"), id: uint32, error: fc.record({ code: uint32, message: name, temporary: flag }) }),
  fc.record({ kind: kind("connect"), id: uint32, result: connectResult }),
  fc.record({ kind: kind("subscribe"), id: uint32, result: subscribeResult }),
  fc.record({ kind: fc.constantFrom("publish" as const, "unsubscribe" as const), id: uint32 }),
  fc.record({
    kind: kind("presence"),
    id: uint32,
    result: fc.array(fc.tuple(name, info), { maxLength: 4 }).map((entries) => ({ presence: new Map(entries) })),
  }),
  fc.record({ kind: kind("presence_stats"), id: uint32, result: fc.record({ numClients: uint32, numUsers: uint32 }) }),
  fc.record({
    kind: kind("history"),
    id: uint32,
    result: fc.record({ publications: fc.array(publication, { maxLength: 5 }), epoch: name, offset: safe }),
  }),
  fc.record({ kind: kind("rpc"), id: uint32, data: maybe(payload) }),
  fc.record({ kind: kind("refresh"), id: uint32, result: lifetime }),
  fc.record({
    kind: kind("sub_refresh"),
    id: uint32,
    result: fc
      .tuple(lifetime, maybe(fc.array(publication, { maxLength: 3 })))
      .map(([more, items]): SubRefreshResult => ({ ...more, items })),
  }),
);

export const push: fc.Arbitrary<Push> = fc.oneof(
  fc.record({ kind: kind("publication"), channel: name, publication, epoch: maybe(name) }),
  fc.record({ kind: fc.constantFrom("join" as const, "leave" as const), channel: name, info }),
  fc.record({ kind: kind("unsubscribe"), channel: name, unsubscribe: fc.record({ code: uint32, reason: name }) }),
  fc.record({ kind: kind("subscribe"), channel: name, subscribe: subscribePush }),
  fc.record({ kind: kind("refresh"), refresh: lifetime }),
  fc.record({ kind: kind("connect"), connect: connectResult }),
  fc.record({ kind: kind("disconnect"), disconnect: fc.record({ code: uint32, reason: name }) }),
);

/** An object with some of these members. */
const some = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Wire> => fc.record(members, { requiredKeys: [] });
const int32 = fc.oneof(fc.nat(5), fc.integer());
const value = fc.jsonValue({ maxDepth: 2 });
const key = name.filter((text) => text !== "__proto__");
const { filter } = fc.letrec<{ filter: Wire }>((tie) => ({
  filter: some({
    op: fc.constantFrom("", "and", "or", "not"),
    key: name,
    cmp: fc.constantFrom("", "eq", "in", "gte"),
    val: name,
    vals: fc.array(name, { maxLength: 3 }),
    nodes: fc.array(tie("filter"), { maxLength: 3 }),
  }),
}));
const subscribeRequest = some({
  channel: name,
  token: name,
  recover: flag,
  epoch: name,
  offset: safe,
  data: value,
  positioned: flag,
  recoverable: flag,
  join_leave: flag,
  delta: name,
  tf: filter,
  flag: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  type: int32,
  phase: int32,
  cursor: name,
  limit: int32,
  asc: flag,
});
const channelOnly = some({ channel: name });

/** A command as the JSON protocol writes it. */
export const command: fc.Arbitrary<Wire> = fc
  .tuple(
    fc.integer({ min: 1, max: 4_294_967_295 }),
    some({
      connect: some({
        token: name,
        data: value,
        subs: fc.dictionary(key, subscribeRequest, { maxKeys: 3 }),
        name,
        version: name,
        headers: fc.dictionary(key, name, { maxKeys: 3 }),
        flag: fc.integer(),
      }),
      subscribe: subscribeRequest,
      unsubscribe: channelOnly,
      publish: some({ channel: name, data: value, type: int32, key: name, removed: flag }),
      presence: channelOnly,
      presence_stats: channelOnly,
      history: some({ channel: name, limit: int32, since: some({ offset: safe, epoch: name }), reverse: flag }),
      rpc: some({ method: name, data: value }),
      send: some({ data: value }),
      refresh: some({ token: name }),
      sub_refresh: some({
        channel: name,
        token: name,
        type: int32,
        track: fc.array(some({ signature: name, items: fc.array(some({ key: name, version: safe }), { maxLength: 3 }) }), { maxLength: 3 }),
        untrack: fc.array(name, { maxLength: 3 }),
      }),
    }),
  )
  .map(([id, methods]) => ({ id, ...methods }));
