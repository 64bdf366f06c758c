import assert from "node:assert/strict";
import { test } from "node:test";
import { MapBench, mapOptions, SeededChance, SimulatedMapClient } from "../../testing/index.ts";

/**
 * Clients that page maps in, stall, vanish and come back while keys change, expire and are cleared away, over a log that
 * answers late and announces late, under a clock and dice of the test's. A failing seed is replayed with its number alone.
 * Each client judges every message; in the end all must hold the very map that the log holds.
 */
const seeds = 150;
const steps = 300;
const streams = new Map([
  ["per:0", true],
  ["rec:0", true],
  ["eph:0", false],
]);
const channels = [...streams.keys()];

class Simulation {
  readonly bench: MapBench;
  readonly clients: readonly SimulatedMapClient[];
  readonly #dice: SeededChance;
  #changes = 0;

  constructor(seed: number) {
    this.#dice = new SeededChance(seed * 6_151 + 3);
    const map = { streamSize: 12, streamTtlMs: 20_000, liveTransitionPublicationsMax: 5 };
    this.bench = new MapBench({
      seed,
      options: { queueBytesMax: 6_000, pingIntervalMs: 0, channelPositionCheckDelayMs: 5_000, presenceUpdateIntervalMs: 4_000 },
      namespaces: {
        per: mapOptions({ mode: "persistent", ...map }),
        rec: mapOptions({ mode: "recoverable", keyTtlMs: 30_000, metaTtlMs: 40_000, ...map }),
        eph: mapOptions({ mode: "ephemeral", keyTtlMs: 30_000 }),
      },
    });
    this.clients = Array.from({ length: 6 }, (_, n) => new SimulatedMapClient(this.bench, streams, `u${n}`));
  }

  async run(): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      for (const client of this.clients) client.judge();
    }
    await this.#calmDown();
  }

  async #step(): Promise<void> {
    const { bench } = this;
    const client = this.clients[this.#dice.below(this.clients.length)];
    const channel = channels[this.#dice.below(channels.length)];
    if (client === undefined || channel === undefined) return;
    const roll = this.#dice.below(100);
    if (roll < 40) for (let n = this.#dice.below(5); n >= 0; n--) this.#change(channel);
    else if (roll < 55) this.#comeBack(client);
    else if (roll < 64) client.cut();
    else if (roll < 67) client.unsubscribe(channel);
    else if (roll < 71) client.wire?.socket.stall();
    else if (roll < 77) client.wire?.socket.take(this.#dice.below(2) === 0);
    else if (roll < 81) bench.mapGate.holdReads();
    else if (roll < 87) bench.mapGate.releaseReads();
    else if (roll < 91) await bench.clock.advance(this.#dice.below(2_000));
    else if (roll < 92) await bench.clock.advance(21_000);
    else if (roll < 93 && channel === "per:0") await bench.engine.maps.clear(channel);
    else if (roll < 94) void bench.engine.unsubscribe({ user: client.user }, channel);
    else bench.clock.runSoon();
    if (this.#dice.below(3) > 0) await bench.clock.settle();
  }

  #comeBack(client: SimulatedMapClient): void {
    if (!client.isConnected) client.connect();
    for (const channel of channels) client.subscribe(channel);
  }

  #change(channel: string): void {
    const { maps } = this.bench.engine;
    const key = `k${this.#dice.below(9)}`;
    if (this.#dice.below(4) === 0) void maps.remove({ channel, key });
    else void maps.publish({ channel, key, data: new TextEncoder().encode(`${++this.#changes}`) });
  }

  /** Everybody comes back and reads everything; then all know what the log knows. */
  async #calmDown(): Promise<void> {
    const { bench, clients } = this;
    for (let round = 0; round < 12; round++) {
      bench.mapGate.releaseReads();
      for (const client of clients) {
        client.wire?.socket.take();
        if (!client.isConnected) client.connect();
      }
      await bench.clock.settle();
      for (const client of clients) {
        client.judge();
        for (const channel of channels) client.subscribe(channel);
      }
      await bench.clock.settle();
      for (const client of clients) client.judge();
      // A clear is told by the next change, or found out at a position check.
      if (round === 2) await bench.clock.advance(20_000);
    }
    for (const channel of channels) {
      const { entries } = await bench.engine.maps.readState({ channel, limit: -1 });
      const truth = new Map(entries.map(({ key, data }) => [key, new TextDecoder().decode(data)]));
      for (const client of clients) {
        assert.ok(client.isLive(channel), `${client.user} is not back on ${channel}`);
        const known = [...client.values(channel)].toSorted(([a], [b]) => (a < b ? -1 : 1));
        assert.deepEqual(known, [...truth], `[MS17] ${client.user} on ${channel}`);
      }
    }
  }
}

test(`[MS17] [P1] [P7] ${seeds} seeds of clients that page maps in while they change`, { timeout: 60_000 }, async () => {
  const sum = { received: 0, recoveries: 0, beginnings: 0, pages: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const simulation = new Simulation(seed);
    const { bench } = simulation;
    try {
      await simulation.run();
      for (const client of simulation.clients) client.cut();
      await bench.clock.advance(1_000);
      const { connections, subscriptions, channels: open, queuedBytes } = bench.engine.stats();
      assert.deepEqual([connections, subscriptions, open, queuedBytes], [0, 0, 0, 0], "[P7]");
      await bench.engine.maps.clear("per:0");
      await bench.clock.advance(700_000);
      assert.deepEqual([bench.memoryMapLog.size, bench.clock.pending], [{ channels: 0, keys: 0, idempotencyKeys: 0 }, 0], "[P7]");
      assert.deepEqual(bench.reports, []);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    for (const { received, recoveries, beginnings, pages } of simulation.clients) {
      sum.received += received;
      sum.recoveries += recoveries;
      sum.beginnings += beginnings;
      sum.pages += pages;
    }
  }
  // A simulation that meets neither recoveries nor pages would prove nothing.
  assert.ok(sum.recoveries > 300 && sum.pages > 2 * sum.beginnings && sum.received > 50_000, JSON.stringify(sum));
});
