import { type Client, pause } from "./client.ts";
import { Dice } from "./random-session.ts";
import type { Side } from "./side.ts";
import type { Wire } from "./wire-format.ts";

/** Where most happens. */
const busy = ["per", "wide", "rec", "tf", "eph"];
const namespaces = ["per", "wide", "rec", "eph", "anon", "subs", "closed", "tf", "who", "users", "plain", "open", "nowhere"];
const keys = ["a", "b", "c", "d", "é", "\u{10000}", "k1", "k2"];
/** An ephemeral map fits one page: what changes between its pages is a known difference (deviations.md). */
const ephemeralKeys = ["a", "b"];
const ephemeral = ["eph", "users"];

interface Session {
  readonly side: Side;
  readonly dice: Dice;
  readonly seed: number;
  /** Positions that the server told of each channel: what a client that comes back may say. */
  readonly positions: Map<string, Wire[]>;
  id: number;
}

/** A connection and the maps that it is paging in: the reply that the next request follows. */
interface Member {
  readonly client: Client;
  readonly paging: Map<string, Wire>;
}

/**
 * Two users who read maps and change them, and the server's own changes. What is asked depends on the seed alone, except
 * that what the server told may be told back to it.
 */
export async function playMapSession(side: Side, seed: number, steps: number): Promise<void> {
  const dice = new Dice(seed);
  const session: Session = { side, dice, seed, positions: new Map(), id: 10 };
  for (const namespace of busy) {
    const channel = `${namespace}:a-${side.tag}${seed}`;
    const has = isEphemeral(channel) ? ephemeralKeys : keys.filter(() => !dice.once(3));
    for (const key of has) await side.api("map_publish", { channel, key, data: key, tags: { t: dice.oneOf(["1", "2"]) } });
  }
  const members = [await joined(session), await joined(session)];
  side.note("session", `seed ${seed}`);
  for (let step = 0; step < steps; step++) {
    const which = dice.below(2);
    if (members[which]!.client.ending !== undefined) members[which] = await joined(session);
    if (dice.once(3)) await callApi(session);
    else await command(session, members[which]!);
    // What one did may be news for the other, and publishers are answered before everybody has it.
    await pause(4);
  }
  await pause(30);
  for (const { client } of members) {
    if (client.ending === undefined) await client.settled();
    client.end();
  }
}

async function joined({ side, dice, seed }: Session): Promise<Member> {
  const user = dice.once(6) ? "" : side.user(`u${seed}`);
  return { client: await side.connect({ user, claims: { info: { n: dice.below(3) } } }), paging: new Map() };
}

function channelOf({ side, dice, seed }: Session): string {
  return dice.once(4)
    ? `${dice.oneOf(namespaces)}:b-${side.tag}${seed}`
    : `${busy[(seed + dice.below(2)) % busy.length]}:a-${side.tag}${seed}`;
}

const namespaceOf = (channel: string): string => channel.slice(0, channel.indexOf(":"));
const isEphemeral = (channel: string): boolean => ephemeral.includes(namespaceOf(channel));
const keyOf = ({ dice }: Session, channel: string): string => dice.oneOf(isEphemeral(channel) ? ephemeralKeys : keys);

const methods = [
  "page",
  "page",
  "page",
  "page",
  "subscribe",
  "subscribe",
  "subscribe",
  "set",
  "set",
  "set",
  "remove",
  "unsubscribe",
  "other",
];

async function command(session: Session, member: Member): Promise<unknown> {
  const { dice } = session;
  const { paging } = member;
  switch (dice.oneOf(methods)) {
    case "page": {
      const [channel, reply] = dice.oneOf([...paging]) ?? [];
      if (channel === undefined || reply === undefined) return undefined;
      return ask(session, member, channel, nextOf(session, channel, reply));
    }
    case "subscribe": {
      const channel = channelOf(session);
      return ask(session, member, channel, firstOf(session, channel));
    }
    case "set": {
      const channel = channelOf(session);
      const data = dice.once(12) ? {} : { data: { v: dice.below(100) } };
      return say(session, member, "publish", { channel, type: 1, key: dice.once(20) ? "" : keyOf(session, channel), ...data });
    }
    case "remove": {
      const channel = channelOf(session);
      return say(session, member, "publish", { channel, type: 1, key: keyOf(session, channel), removed: true });
    }
    case "unsubscribe": {
      const channel = channelOf(session);
      // A known difference: the real one closes the connection when a map is still paged in.
      return paging.has(channel) ? undefined : say(session, member, "unsubscribe", { channel });
    }
    default: {
      const channel = channelOf(session);
      const [method, more] = dice.oneOf<[string, Wire]>([
        ["history", { limit: 2 }],
        ["presence", {}],
        ["publish", { data: 1 }],
        ["sub_refresh", { token: "no token" }],
      ]);
      return say(session, member, method, { channel, ...more });
    }
  }
}

/** Mostly what a client would ask for; now and then something that none would. */
function firstOf(session: Session, channel: string): Wire {
  const { dice } = session;
  const types: Readonly<Record<string, number>> = { who: 2, users: 3, open: 0 };
  const type = dice.once(20) ? dice.below(4) : (types[namespaceOf(channel)] ?? 1);
  const limit = isEphemeral(channel) ? { limit: 4 } : dice.once(3) ? { limit: dice.oneOf([1, 3, 4, 9, -1]) } : {};
  const tf = dice.once(namespaceOf(channel) === "tf" ? 2 : 20) ? { tf: { key: "t", cmp: dice.once(9) ? "near" : "eq", val: "1" } } : {};
  const request = { type, ...limit, ...tf };
  if (type === 0) return request;
  if (dice.once(3)) {
    const phase = dice.oneOf([0, 0, 1, dice.below(4)]);
    const recover = dice.once(8) ? {} : { recover: true };
    return { ...request, phase, ...recover, ...positionOf(session, channel) };
  }
  return { ...request, phase: 2, ...(dice.once(25) ? { cursor: "a" } : {}) };
}

/** Never above the top, and never at the beginning where that is kept no longer: known differences. */
function positionOf({ dice, positions }: Session, channel: string): Wire {
  const known = positions.get(channel) ?? [];
  const position: Wire = known.length === 0 ? { epoch: "" } : dice.oneOf(known.slice(-4));
  if (namespaceOf(channel) === "rec" && position["offset"] === undefined) return { epoch: "another" };
  return dice.once(10) ? { ...position, epoch: dice.oneOf(["", "another"]) } : position;
}

function nextOf(session: Session, channel: string, { epoch, offset, cursor, phase }: Wire): Wire {
  const { dice } = session;
  const limit = dice.once(2) ? { limit: dice.oneOf([1, 3, 4, 9]) } : {};
  const at = { type: 1, ...(epoch === undefined ? {} : { epoch }), ...(offset === undefined ? {} : { offset }), ...limit };
  if (dice.once(15)) return firstOf(session, channel);
  if (dice.once(20)) return { ...at, phase: 0 };
  return cursor === undefined || phase === 1 ? { ...at, phase: 1 } : { ...at, phase: 2, cursor };
}

async function ask(session: Session, member: Member, channel: string, request: Wire): Promise<void> {
  const { paging } = member;
  const reply = await say(session, member, "subscribe", { channel, ...request });
  if (reply?.["error"] !== undefined) {
    // A first request in the middle is told so, and changes nothing.
    if (reply["error"].code !== 105) paging.delete(channel);
    return;
  }
  const result = reply?.["subscribe"] as Wire | undefined;
  if (result?.["phase"] === undefined) paging.delete(channel);
  else paging.set(channel, result);
}

/** Says a command, waits for its reply or the end, and remembers the position that it tells. */
async function say(session: Session, { client }: Member, method: string, request: Wire): Promise<Wire | undefined> {
  const id = session.id++;
  client.send({ id, [method]: request });
  const reply = await client.until(
    `the reply to ${method}`,
    () => client.messages.find((message) => message["id"] === id) ?? client.ending,
  );
  const result = (reply as Wire)[method] as Wire | undefined;
  if (result !== undefined) remember(session, request["channel"], result);
  return result === undefined && (reply as Wire)["error"] === undefined ? undefined : (reply as Wire);
}

function remember({ positions }: Session, channel: string, { epoch, offset, phase }: Wire): void {
  // Between pages the offset is that of the page; a client keeps it, too.
  if (typeof epoch !== "string" || epoch === "" || phase === 2) return;
  const known = positions.get(channel) ?? [];
  const isOther = known.length > 0 && known[0]!["epoch"] !== epoch;
  positions.set(channel, [...(isOther ? [] : known), { epoch, ...(offset === undefined ? {} : { offset }) }]);
}

async function callApi(session: Session): Promise<void> {
  const { side, dice } = session;
  const channel = channelOf(session);
  const method = dice.oneOf([
    ...["map_publish", "map_publish", "map_publish", "map_publish", "map_remove", "map_remove"],
    ...["map_read_state", "map_read_stream", "map_stats", "map_clear", "publish", "history", "unsubscribe"],
  ]);
  const params: Wire = { channel };
  if (method === "map_publish" || method === "map_remove") {
    params["key"] = keyOf(session, channel);
    if (dice.once(6)) params["idempotency_key"] = `i${dice.below(3)}`;
  }
  if (method === "map_publish") {
    if (!dice.once(20)) params["data"] = { v: dice.below(100) };
    if (dice.once(2)) params["tags"] = { t: dice.oneOf(["1", "2"]) };
    if (dice.once(6)) params["key_mode"] = dice.oneOf(["if_new", "if_exists", "never"]);
    if (dice.once(8)) Object.assign(params, { version: dice.below(4), version_epoch: dice.oneOf(["", "e"]) });
    if (dice.once(8)) params["delta"] = true;
  }
  if (method === "map_read_state") {
    Object.assign(params, { limit: dice.oneOf([-1, 0, 1, 3, 100]) });
    if (dice.once(3)) params["cursor"] = keyOf(session, channel);
    if (dice.once(4)) params["key"] = keyOf(session, channel);
  }
  if (method === "map_read_stream") {
    Object.assign(params, { limit: dice.oneOf([-1, 0, 1, 3, 100]), reverse: dice.once(2) });
    const { epoch, offset = 0 } = positionOf(session, channel);
    if (dice.once(2)) Object.assign(params, { since_epoch: epoch, since_offset: offset });
    // From another epoch, of a map that nobody has touched, is a known difference.
    await side.apiAnswer("map_read_state", { channel });
  }
  // While a map is paged in, an unsubscribe is a known difference.
  if (method === "unsubscribe") params["user"] = side.user("nobody");
  if (method === "publish") params["data"] = 1;
  if (method === "map_clear" && !dice.once(4)) return;
  const { body } = await side.apiAnswer(method, params);
  // The next change ends all subscriptions, which the real one tells a publisher before or after its reply.
  if (method === "map_clear") await side.apiAnswer("map_publish", { channel, key: "a", data: 1 });
  const result = /^\{"result":(.*)\}$/s.exec(body)?.[1];
  // Reading says the top, or where the oldest change that was read stands.
  if (result !== undefined && method === "map_publish") remember(session, channel, JSON.parse(result) as Wire);
}
