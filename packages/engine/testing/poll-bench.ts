import { type ChannelOptions, defaultChannelOptions, type SharedPollChannelOptions } from "../src/options.ts";
import type { TrackVerifier } from "../src/ports.ts";
import {
  noProxies,
  type ProxyAnswer,
  type SharedPollItem,
  type SharedPollRefreshProxy,
  type SharedPollRefreshResult,
} from "../src/proxies.ts";
import { type BenchSetup, bytes, EngineBench, text } from "./engine-bench.ts";
import type { TestClient, Wire } from "./test-client.ts";

/** A namespace of shared polls that clients may subscribe to; and what a test opens. */
export function pollOptions(
  sharedPoll: Partial<SharedPollChannelOptions> = {},
  more: Partial<ChannelOptions> = {},
): Partial<ChannelOptions> {
  return {
    subscriptionType: "shared_poll",
    allowSubscribeForClient: true,
    allowedDeltaTypes: ["fossil"],
    sharedPoll: { ...defaultChannelOptions.sharedPoll, proxyName: "default", ...sharedPoll },
    ...more,
  };
}

/** A signature of the bench says openly for whom it is and when it expires: `ann`, `ann@1700000000`. */
const openTrackVerifier =
  (wallMs: () => number): TrackVerifier =>
  ({ user, signature }) => {
    const [whose, expireAt = "0"] = signature.split("@");
    if (whose !== user) return { ok: false, why: "invalid" };
    const expireAtS = Number(expireAt);
    return expireAtS > 0 && expireAtS < wallMs() / 1_000 ? { ok: false, why: "expired" } : { ok: true, expireAtS };
  };

export interface PollQuestion {
  readonly channel: string;
  /** `k` or `k@3`. */
  readonly keys: readonly string[];
}

type Known = Partial<Omit<SharedPollItem, "key" | "data" | "previousData">> & { readonly data?: unknown; readonly previous?: unknown };

/** The backend as the engine is handed it: it has values, and can be made to hold its answers back, or to fail. */
export class PollBackend {
  readonly values = new Map<string, Known>();
  epoch = "";
  fails = false;
  readonly asked: PollQuestion[] = [];
  #held: (() => void)[] | undefined;

  readonly refresh: SharedPollRefreshProxy = async ({ channel, items }) => {
    this.asked.push({ channel, keys: items.map(({ key, version }) => (version === 0 ? key : `${key}@${version}`)) });
    const answer = this.#answer(items);
    const held = this.#held;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
    if (this.fails) throw new Error("the backend is away");
    return answer;
  };

  set(key: string, data: unknown, version = 0, more: Known = {}): void {
    this.values.set(key, { data, version, ...more });
  }

  /** Answers are made, and not given. */
  hold(): void {
    this.#held ??= [];
  }

  /** The answer that was made last, or the one at a place; all of them without one. */
  release(at?: number): void {
    const held = this.#held ?? [];
    if (at === undefined) {
      this.#held = undefined;
      for (const answer of held) answer();
    } else for (const answer of held.splice(at, 1)) answer();
  }

  get heldCount(): number {
    return this.#held?.length ?? 0;
  }

  /** Every question so far, as `k,l@3`; the ones since the last look. */
  questions(): string[] {
    return this.asked.splice(0).map(({ keys }) => keys.join(","));
  }

  #answer(items: readonly { readonly key: string }[]): ProxyAnswer<SharedPollRefreshResult> {
    const found = items.flatMap(({ key }) => {
      const known = this.values.get(key);
      if (known === undefined) return [];
      const { data, previous, version = 0, removed = false } = known;
      return [{ key, version, removed, data: json(data), previousData: json(previous) }];
    });
    return { kind: "result", result: { items: found, epoch: this.epoch } };
  }
}

function json(value: unknown): Uint8Array | undefined {
  return value === undefined ? undefined : bytes(JSON.stringify(value));
}

/** An engine with the namespaces `plain` (without versions) and `ver` (with them), and a backend in the test's hands. */
export class PollBench extends EngineBench {
  readonly backend: PollBackend;

  constructor(setup: BenchSetup = {}) {
    const backend = new PollBackend();
    const namespaces = {
      plain: pollOptions(),
      ver: pollOptions({ mode: "versioned", publishEnabled: true }),
      stream: { allowSubscribeForClient: true },
    };
    let wallMs = () => 0;
    super({
      ...setup,
      options: { pingIntervalMs: 0, ...setup.options },
      namespaces: { ...namespaces, ...setup.namespaces },
      ports: {
        trackVerifier: openTrackVerifier(() => wallMs()),
        proxies: { ...noProxies, sharedPollRefresh: new Map([["default", backend.refresh]]) },
        ...setup.ports,
      },
    });
    this.backend = backend;
    wallMs = () => this.clock.wallMs();
  }

  /** Of the server API. */
  async say(channel: string, key: string, data: unknown, version: number, epoch = ""): Promise<void> {
    await this.engine.sharedPollPublish({ channel, key, data: bytes(JSON.stringify(data)), version, epoch });
    await this.clock.settle();
  }

  /** A client on the channel that follows these keys (`k`, `k@3`). */
  async follower(channel: string, keys: readonly string[] = [], more: Readonly<Record<string, unknown>> = {}): Promise<TestClient> {
    const client = await this.connect();
    await client.subscribe(channel, { type: 4, ...more });
    if (keys.length > 0) await track(client, channel, keys);
    return client;
  }
}

export function track(
  client: TestClient,
  channel: string,
  named: readonly string[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<Wire> {
  return client.call("sub_refresh", { channel, type: 1, track: [batchOf(named)], ...more });
}

export function batchOf(named: readonly string[], signature = "ann"): Wire {
  const items = named.map((name) => {
    const [key = "", version] = name.split("@");
    return { key, ...(version === undefined ? {} : { version: Number(version) }) };
  });
  return { signature, items };
}

export function untrack(client: TestClient, channel: string, keys: readonly string[]): Promise<Wire> {
  return client.call("sub_refresh", { channel, type: 2, untrack: keys });
}

/** What came of a channel since the last look: `k=value@version`, `-k` for what is gone, `2500` for an end. */
export class PollReader {
  readonly #client: TestClient;
  readonly #channel: string;
  #read = 0;

  constructor(client: TestClient, channel: string) {
    this.#client = client;
    this.#channel = channel;
  }

  news(): string[] {
    const { pushes } = this.#client;
    const fresh = pushes.slice(this.#read).filter(({ channel }) => channel === this.#channel);
    this.#read = pushes.length;
    return fresh.map((push) => {
      if ("unsubscribe" in push) return String(push["unsubscribe"].code);
      const { key, data, version, removed } = push["pub"] as Wire;
      return removed === true ? `-${key}` : `${key}=${shown(data)}@${version}`;
    });
  }
}

function shown(data: unknown): string {
  return data instanceof Uint8Array ? text(data) : JSON.stringify(data);
}
