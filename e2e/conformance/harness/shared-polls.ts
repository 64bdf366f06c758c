import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { POLL_SECRET } from "../configs/shared-polls.ts";
import type { Answer, Asked } from "./backend.ts";
import { type Client, pause } from "./client.ts";
import { told } from "./maps.ts";
import type { Side } from "./side.ts";
import type { Wire } from "./wire-format.ts";

/** Short words for shared polls: signatures, tracking, a backend that has values, what a follower was told. */

export interface SignOptions {
  readonly user?: string;
  readonly secret?: string;
  /** Unix seconds; 0: never. */
  readonly exp?: number;
  readonly iat?: number;
}

export const nowS = (): number => Math.floor(Date.now() / 1_000);

export function sign(side: Side, channel: string, keys: readonly string[], options: SignOptions = {}): string {
  const { user = side.user(), secret = POLL_SECRET, exp = 0, iat = nowS() } = options;
  const keysHash = createHash("sha256").update(keys.join("\0")).digest("hex");
  const hmac = createHmac("sha256", secret).update([iat, exp, user, channel, keysHash].join("\0")).digest("hex");
  return `${iat}:${exp}:${hmac}`;
}

/** `k` or `k@3`: a key with the version that the client has. */
export function batch(side: Side, channel: string, named: readonly string[], options: SignOptions = {}): Wire {
  const items = named.map((name) => {
    const [key = "", version] = name.split("@");
    return version === undefined ? { key } : { key, version: Number(version) };
  });
  return {
    signature: sign(
      side,
      channel,
      items.map(({ key }) => key),
      options,
    ),
    items,
  };
}

export function trackRequest(side: Side, channel: string, named: readonly string[], options: SignOptions = {}): Wire {
  return { channel, type: 1, track: [batch(side, channel, named, options)] };
}

/** Follows keys; resolves with the result of the command. */
export function track(side: Side, client: Client, channel: string, named: readonly string[], options: SignOptions = {}): Promise<Wire> {
  return client.ok("sub_refresh", trackRequest(side, channel, named, options));
}

export function untrack(client: Client, channel: string, keys: readonly string[]): Promise<Wire> {
  return client.ok("sub_refresh", { channel, type: 2, untrack: keys });
}

/** A client of the shared poll that follows these keys. */
export async function follower(side: Side, channel: string, keys: readonly string[] = [], more: Wire = {}): Promise<Client> {
  const client = await side.connect();
  await client.subscribe(channel, { type: 4, ...more });
  if (keys.length > 0) await track(side, client, channel, keys);
  return client;
}

/** The next values that a follower is told: `k=value@version`, `-k` for one that is gone. */
export async function values(client: Client, channel: string, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (let n = 0; n < count; n++) {
    const publication = await client.push("pub", channel);
    const { version } = publication;
    taken.push(told([publication])[0] + (version === undefined ? "" : `@${version}`));
  }
  return taken;
}

/** Looks again and again: for what no client is told. */
export async function eventually(what: string, look: () => boolean, limitMs = 6_000): Promise<void> {
  for (let waitedMs = 0; !look(); waitedMs += 20) {
    assert.ok(waitedMs < limitMs, `${what}: not within ${limitMs} ms`);
    await pause(20);
  }
}

type Item = Readonly<Record<string, unknown>>;

/** A backend that has these items, and answers what it is asked for. Change `items` while a rule runs. */
export class Values {
  items: Readonly<Record<string, Item>>;
  epoch: string | undefined;
  /** Says nothing of what the server has already. */
  leavesOutUnchanged = false;
  readonly #side: Side;
  readonly #path: string;

  constructor(side: Side, items: Readonly<Record<string, Item>>, path = "/values") {
    this.items = items;
    this.#side = side;
    this.#path = path;
    side.backend.on(path, (asked) => this.#answer(asked));
  }

  /** What was asked so far: `k@version`, in the order of the requests. */
  get asked(): string[] {
    return this.#side.backend.asked
      .filter(({ path }) => path === this.#path)
      .map(({ body }) => (body.items as Wire[]).map(({ key, version }) => (version === undefined ? key : `${key}@${version}`)).join(","));
  }

  #answer({ body }: Asked): Answer {
    const found = (body.items as { readonly key: string; readonly version?: number }[]).flatMap(({ key, version = 0 }) => {
      const item = this.items[key];
      if (item === undefined || (this.leavesOutUnchanged && item["version"] === version)) return [];
      return [{ key, ...item }];
    });
    return { result: { items: found, ...(this.epoch === undefined ? {} : { epoch: this.epoch }) } };
  }
}
