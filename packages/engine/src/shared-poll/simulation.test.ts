import assert from "node:assert/strict";
import { bytes, PollBench, pollOptions, SeededChance, SimulatedFollower, test } from "../../testing/index.ts";
import { noProxies, type ProxyAnswer, type SharedPollRefreshProxy, type SharedPollRefreshResult } from "../proxies.ts";

/**
 * Followers that come, go and lose their connection while a backend changes its mind, answers late and out of order, fails, and
 * begins its versions anew; under a clock and dice of the test's. A failing seed is replayed with its number alone. Each follower
 * judges every value; in the end all must hold what the backend holds.
 */
const seeds = 40;
const steps = 250;
const keyNames = ["k0", "k1", "k2", "k3", "k4"];
const channel = "c:a";

interface Truth {
  version: number;
  value: string;
}

/** The backend: what is true, what was true, and answers that it holds back. */
class Backend {
  readonly now = new Map<string, Truth>();
  epoch = "e1";
  fails = false;
  holds = false;
  #count = 0;
  /** `key value`, and with versions `key version value`. */
  readonly #was = new Set<string>();
  readonly #values = new Map<string, string>();
  readonly #held: (() => void)[] = [];
  readonly #isVersioned: boolean;

  constructor(isVersioned: boolean) {
    this.#isVersioned = isVersioned;
  }

  wasTrue = (key: string, value: string, version: number): boolean =>
    this.#was.has(this.#isVersioned ? `${key} ${version} ${value}` : `${key} ${value}`);

  change(key: string): Truth {
    const value = JSON.stringify([++this.#count, "of a payload that is long enough for a patch to be worth while"]);
    const truth = { version: (this.now.get(key)?.version ?? this.#lowest(key)) + 1, value };
    this.now.set(key, truth);
    this.#was.add(this.#isVersioned ? `${key} ${truth.version} ${value}` : `${key} ${value}`);
    this.#values.set(`${this.epoch} ${key} ${truth.version}`, value);
    return truth;
  }

  remove(key: string): void {
    const version = this.now.get(key)?.version;
    if (version !== undefined) this.#removedAt.set(key, version);
    this.now.delete(key);
  }

  beginAnew(): void {
    this.epoch = `e${Number(this.epoch.slice(1)) + 1}`;
    this.#removedAt.clear();
    const keys = [...this.now.keys()];
    this.now.clear();
    for (const key of keys) this.change(key);
  }

  /** Answers the question that waits at this place, or all of them. */
  release(at?: number): void {
    for (const answer of at === undefined ? this.#held.splice(0) : this.#held.splice(at % Math.max(1, this.#held.length), 1)) answer();
  }

  readonly refresh: SharedPollRefreshProxy = async ({ items }) => {
    const answer: ProxyAnswer<SharedPollRefreshResult> = {
      kind: "result",
      result: { epoch: this.#isVersioned ? this.epoch : "", items: items.flatMap(({ key, version }) => this.#item(key, version)) },
    };
    const { fails } = this;
    if (this.holds) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (fails) throw new Error("the backend is away");
    return answer;
  };

  readonly #removedAt = new Map<string, number>();

  /** Versions of a key go on after it was removed. */
  #lowest(key: string): number {
    return this.#removedAt.get(key) ?? 0;
  }

  #item(key: string, told: number): SharedPollRefreshResult["items"] {
    const truth = this.now.get(key);
    if (truth === undefined) return [{ key, data: undefined, version: 0, removed: true, previousData: undefined }];
    // What it was told is what the server has: nothing needs to be said again.
    if (this.#isVersioned && told === truth.version && told % 2 === 0) return [];
    const previous = this.#isVersioned ? this.#values.get(`${this.epoch} ${key} ${told}`) : undefined;
    const version = this.#isVersioned ? truth.version : 0;
    return [{ key, data: bytes(truth.value), version, removed: false, previousData: previous === undefined ? undefined : bytes(previous) }];
  }
}

class Simulation {
  readonly backend: Backend;
  readonly bench: PollBench;
  readonly followers: readonly SimulatedFollower[];
  readonly #dice: SeededChance;
  readonly #isVersioned: boolean;

  constructor(seed: number, isVersioned: boolean) {
    this.#dice = new SeededChance(seed * 7_919 + 5);
    this.#isVersioned = isVersioned;
    this.backend = new Backend(isVersioned);
    const options = { mode: isVersioned ? "versioned" : "versionless", publishEnabled: isVersioned, refreshBatchSize: 2 } as const;
    this.bench = new PollBench({
      seed,
      namespaces: { c: pollOptions({ ...options, refreshIntervalMs: 3_000 }) },
      options: { sharedPollConcurrency: 2, presenceUpdateIntervalMs: 4_000 },
      ports: { proxies: { ...noProxies, sharedPollRefresh: new Map([["default", this.backend.refresh]]) } },
    });
    this.followers = Array.from({ length: 5 }, (_, n) => new SimulatedFollower(this.bench, channel, n % 2 === 0, this.backend.wasTrue));
    for (const key of keyNames) this.backend.change(key);
  }

  async run(): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      await this.bench.clock.settle();
      for (const follower of this.followers) follower.judge();
    }
    await this.#calmDown();
  }

  async #step(): Promise<void> {
    const { backend, bench } = this;
    const follower = this.followers[this.#dice.below(this.followers.length)]!;
    const key = keyNames[this.#dice.below(keyNames.length)]!;
    const roll = this.#dice.below(100);
    if (roll < 22) backend.change(key);
    else if (roll < 36) await follower.comeBack();
    else if (roll < 54) await follower.track(key);
    else if (roll < 60) await follower.untrack(key);
    else if (roll < 64) follower.cut();
    else if (roll < 66) backend.remove(key);
    else if (roll < 70) backend.holds = !backend.holds;
    else if (roll < 80) backend.release(this.#dice.below(4));
    else if (roll < 82) backend.fails = !backend.fails;
    else if (roll < 87 && this.#isVersioned) await this.#publish(key);
    else if (roll < 88 && this.#isVersioned) backend.beginAnew();
    else await bench.clock.advance(this.#dice.below(2_500));
  }

  async #publish(key: string): Promise<void> {
    const { version, value } = this.backend.change(key);
    const call = { channel, key, version, data: bytes(value), epoch: this.backend.epoch };
    await this.bench.engine.sharedPollPublish(call);
  }

  /** Everybody is there and the backend answers: after some rounds all know what it knows. */
  async #calmDown(): Promise<void> {
    const { backend, bench, followers } = this;
    backend.holds = false;
    backend.fails = false;
    for (let round = 0; round < 6; round++) {
      backend.release();
      await bench.clock.settle();
      for (const follower of followers) follower.judge();
      for (const follower of followers) await follower.comeBack();
      await bench.clock.advance(31_000);
    }
    for (const [n, follower] of followers.entries()) {
      follower.judge();
      assert.ok(follower.isSubscribed, `[SP39] follower ${n} is not there`);
      for (const [key, { value }] of follower.held) assert.equal(value, backend.now.get(key)?.value, `[SP39] ${key} of follower ${n}`);
    }
  }
}

for (const isVersioned of [false, true]) {
  const mode = isVersioned ? "with" : "without";
  test(`[SP39] [SP34] [P7] ${seeds} seeds of followers and a backend that changes its mind, ${mode} versions`, async () => {
    const sum = { received: 0, patches: 0, ends: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const simulation = new Simulation(seed, isVersioned);
      const { bench, followers } = simulation;
      try {
        await simulation.run();
        for (const follower of followers) follower.cut();
        await bench.clock.advance(31_000);
        const { connections, sharedPollChannels, sharedPollKeys, queuedBytes } = bench.engine.stats();
        assert.deepEqual([connections, sharedPollChannels, sharedPollKeys, queuedBytes, bench.clock.pending], [0, 0, 0, 0, 0], "[P7]");
        assert.ok(bench.reports.every(({ cause }) => String(cause).includes("away") || String(cause).includes("no answer within")));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      for (const { received, patches, ends } of followers) {
        sum.received += received;
        sum.patches += patches;
        sum.ends += ends;
      }
    }
    // A simulation that meets neither patches nor new epochs would prove nothing.
    assert.ok(sum.received > 30 * seeds, JSON.stringify(sum));
    if (isVersioned) assert.ok(sum.patches > seeds && sum.ends > seeds, JSON.stringify(sum));
  });
}
