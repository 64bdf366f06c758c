import { type Client, pause } from "./client.ts";
import { inSeconds, jwt } from "./jwt.ts";
import type { Side } from "./side.ts";
import type { Wire } from "./wire-format.ts";

/** Draws the same numbers for the same seed, on both sides. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A number from 0 to below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * end);
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

const namespaces = [
  ...["open", "closed", "bare", "anon", "subs", "hist", "rec", "pos", "ask", "plain", "cache", "standing"],
  ...["mine", "re", "any", "json", "obj", "bin", "small", "nowhere", "jl", "tagged", "tagged"],
];

/**
 * Two users with a connection each; another one opens when the server ends it. What is asked depends on the seed alone,
 * never on an answer, except that an epoch the server told may be told back to it.
 */
export async function playSession(side: Side, seed: number, steps: number): Promise<void> {
  const dice = new Dice(seed);
  const session = { side, dice, seed, epochs: new Map<string, string>(), id: 10 };
  const clients = [await connect(session), await connect(session)];
  side.note("session", `seed ${seed}`);
  for (let step = 0; step < steps; step++) {
    const which = dice.below(2);
    if (clients[which]!.ending !== undefined) clients[which] = await connect(session);
    if (dice.once(3)) await callApi(session);
    else if (dice.once(8)) await frame(session, clients[which]!);
    else await command(session, clients[which]!);
    // What one did may be news for the other, and publishers are answered before everybody has it.
    await pause(4);
  }
  await pause(30);
  for (const client of clients) {
    if (client.ending === undefined) await client.settled();
  }
  for (const client of clients) client.end();
}

interface Session {
  readonly side: Side;
  readonly dice: Dice;
  readonly seed: number;
  /** What the server told of each channel's epoch. */
  readonly epochs: Map<string, string>;
  id: number;
}

function connect({ side, dice, seed }: Session): Promise<Client> {
  const user = dice.once(6) ? "" : side.user(`${dice.once(3) ? "v" : "u"}${seed}`);
  const claims: Wire = { info: { n: dice.below(3) } };
  if (dice.once(3)) claims["channels"] = [channelOf({ side, dice, seed }), channelOf({ side, dice, seed })].filter(isKnown);
  return side.connect({ user, claims });
}

const isKnown = (channel: string): boolean => channel !== "" && !channel.includes("nowhere");

function channelOf({ side, dice, seed }: Pick<Session, "side" | "dice" | "seed">): string {
  if (dice.once(60)) return "";
  const namespace = dice.oneOf(namespaces);
  // Of two channels left at once Go tells the leaves in any order, so there is only one that tells them.
  if (namespace === "jl") return `jl:a-${side.tag}${seed}`;
  const channel = `${namespace}:${dice.oneOf(["a", "b", "c"])}-${side.tag}${seed}`;
  if (dice.once(15)) return `$${channel}`;
  if (dice.once(15)) return `${channel}#${dice.oneOf([side.user(`u${seed}`), "somebody"])}`;
  if (dice.once(40)) return `${channel}ü`;
  return dice.once(60) ? channel.padEnd(256, "x") : channel;
}

function epochFor({ dice, epochs }: Session, channel: string): string {
  return dice.oneOf([epochs.get(channel) ?? "", epochs.get(channel) ?? "", "", "another"]);
}

function position(session: Session, channel: string): Wire {
  return { offset: session.dice.below(6), epoch: epochFor(session, channel) };
}

const methods = [
  ...["subscribe", "subscribe", "subscribe", "subscribe", "unsubscribe", "unsubscribe", "publish", "publish"],
  ...["history", "history", "presence", "presence_stats", "rpc", "sub_refresh", "refresh"],
];

/**
 * Several commands in one frame. None that joins, because where one's own join comes among the replies is not the same
 * (deviations.md); and none that may end the connection, because the real server may answer some of the others first.
 */
async function frame(session: Session, client: Client): Promise<void> {
  const { dice } = session;
  const commands = Array.from({ length: 2 + dice.below(4) }, () => {
    const method = dice.oneOf(methods);
    return { id: session.id++, [method]: requests[method]!(session, channelOf(session)) };
  }).filter((command) => !/"\$?(jl|emit):|join_leave|"token"|"channel":""|"type":5/.test(JSON.stringify(command)));
  if (commands.length === 0) return;
  client.send(...commands);
  const last = commands.at(-1)!.id;
  await client.until("the last reply", () => client.messages.find((message) => message["id"] === last) ?? client.ending);
}

async function command(session: Session, client: Client): Promise<void> {
  const { dice } = session;
  const channel = channelOf(session);
  const method = dice.oneOf(methods);
  const request = requests[method]!(session, channel);
  const id = session.id++;
  client.send({ id, [method]: request });
  const reply = await client.until(
    `the reply to ${method}`,
    () => client.messages.find((message) => message["id"] === id) ?? client.ending,
  );
  const epoch = (reply as Wire)[method]?.epoch;
  if (typeof epoch === "string" && epoch !== "") session.epochs.set(channel, epoch);
}

const requests: Readonly<Record<string, (session: Session, channel: string) => Wire>> = {
  subscribe: (session, channel) => subscribeRequest(session, channel),
  unsubscribe: (_session, channel) => ({ channel }),
  publish: ({ dice }, channel) => ({ channel, ...(dice.once(12) ? {} : { data: dataOf(dice) }) }),
  history: (session, channel) => {
    const { dice } = session;
    const limit = dice.oneOf([-1, 0, 1, 2, 5, 1_000]);
    const since = dice.once(2) ? { since: position(session, channel) } : {};
    return { channel, limit, ...since, ...(dice.once(3) ? { reverse: true } : {}) };
  },
  presence: (_session, channel) => ({ channel }),
  presence_stats: (_session, channel) => ({ channel }),
  rpc: ({ dice }) => ({ method: dice.oneOf(["", "a"]), data: 1 }),
  refresh: ({ side, dice, seed }) => ({ token: dice.once(6) ? "" : side.token({ sub: side.user(`u${seed}`), info: { n: 9 } }) }),
  sub_refresh: (session, channel) => ({ channel, token: tokenOf(session, channel) }),
};

function subscribeRequest(session: Session, channel: string): Wire {
  const { dice } = session;
  const request: Wire = { channel };
  if (dice.once(5)) request["token"] = tokenOf(session, channel);
  if (dice.once(2)) Object.assign(request, { recover: true }, position(session, channel));
  for (const wish of ["positioned", "recoverable", "join_leave"]) if (dice.once(3)) request[wish] = true;
  if (dice.once(4)) request["flag"] = dice.below(4);
  if (dice.once(8)) request["delta"] = "fossil";
  if (dice.once(10)) request["tf"] = { key: "k", cmp: dice.oneOf(["eq", "neq", "what"]), val: "v" };
  if (dice.once(25)) request["type"] = dice.below(6);
  return request;
}

function tokenOf({ side, dice, seed }: Session, channel: string): string {
  const claims: Wire = { sub: side.user(`u${seed}`), channel, exp: inSeconds(3_600) };
  switch (dice.below(8)) {
    case 0:
      return "no token";
    case 1:
      return jwt({ ...claims, exp: 1 });
    case 2:
      return jwt({ ...claims, channel: "other" });
    case 3:
      return jwt({ ...claims, sub: "somebody" });
    case 4:
      return jwt(claims, { key: "another-key" });
    default:
      return jwt({ ...claims, info: { r: 1 }, override: { force_recovery: { value: dice.once(2) }, join_leave: { value: dice.once(2) } } });
  }
}

function dataOf(dice: Dice): unknown {
  return dice.oneOf<unknown>([{ v: dice.below(100) }, dice.below(100), "text <b>", [1, { a: null }], null]);
}

const apiMethods = [
  ...["publish", "publish", "publish", "publish", "publish", "publish", "broadcast", "history", "presence_stats"],
  ...["unsubscribe", "history_remove", "subscribe", "refresh"],
];

async function callApi(session: Session): Promise<void> {
  const { side, dice, seed } = session;
  const channel = channelOf(session);
  const method = dice.oneOf(apiMethods);
  // A known difference: from no channel we unsubscribe nobody, and say so to nobody (docs/spec/push.md, section 6).
  if (method === "unsubscribe" && channel === "") return;
  // A user's connections are gone through in any order there, so who hears whose join or leave is not the same.
  if (["subscribe", "unsubscribe"].includes(method) && channel.startsWith("jl:")) return;
  const user = side.user(`u${seed}`);
  const params = apiParams[method]!(session, channel, user);
  const { body } = await side.apiAnswer(method, params);
  const epoch = /"epoch":"([^"]+)"/.exec(body)?.[1];
  if (epoch !== undefined && method !== "broadcast") session.epochs.set(channel, epoch);
}

const apiParams: Readonly<Record<string, (session: Session, channel: string, user: string) => Wire>> = {
  publish: (session, channel) => ({ channel, ...publication(session) }),
  broadcast: (session, channel) => ({ channels: [channel, "nowhere:a", ""], ...publication(session) }),
  history: ({ dice }, channel) => ({ channel, limit: dice.oneOf([-1, 0, 2]), reverse: dice.once(2) }),
  presence_stats: (_session, channel) => ({ channel }),
  unsubscribe: (_session, channel, user) => ({ channel, user }),
  history_remove: (_session, channel) => ({ channel }),
  subscribe: ({ dice }, channel, user) => ({
    ...{ channel, user },
    ...(dice.once(2) ? { info: { s: 1 }, data: { d: [1] } } : {}),
    ...(dice.once(2) ? { override: { force_recovery: { value: dice.once(2) } } } : {}),
  }),
  refresh: ({ dice }, _channel, user) => ({
    user,
    ...(dice.once(6) ? { expired: true } : { expire_at: dice.once(2) ? inSeconds(7_200) : 0 }),
  }),
};

function publication({ dice }: Session): Wire {
  return {
    ...(dice.once(20) ? {} : { data: dataOf(dice) }),
    ...(dice.once(4) ? { tags: { k: dice.oneOf(["v", "w"]) } } : {}),
    ...(dice.once(10) ? { skip_history: true } : {}),
    ...(dice.once(8) ? { idempotency_key: `k${dice.below(3)}` } : {}),
    ...(dice.once(8) ? { version: dice.below(4), version_epoch: dice.oneOf(["", "e"]) } : {}),
    ...(dice.once(8) ? { delta: true } : {}),
  };
}
