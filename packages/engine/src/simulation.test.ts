import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineBench, PayloadLedger, SeededChance, SimulatedClient } from "../testing/index.ts";

/**
 * Many clients that connect, subscribe, stall, vanish and come back, over logs that answer late and announce late, under
 * a clock and dice of the test's. A failing seed is replayed with its number alone. Rules P1-P5 are judged by each
 * client at each message; P7 at the end.
 */
const seeds = 200;
const steps = 160;
const channels = ["vm:0", "vm:1", "vm:2"];
const historyTtlMs = 20_000;

class Simulation {
  readonly bench: EngineBench;
  readonly clients: readonly SimulatedClient[];
  readonly #dice: SeededChance;
  #published = 0;

  constructor(seed: number) {
    this.#dice = new SeededChance(seed * 7_919 + 1);
    this.bench = new EngineBench({
      seed,
      options: { queueBytesMax: 4_000, pingIntervalMs: 0, channelPositionCheckDelayMs: 5_000, presenceUpdateIntervalMs: 4_000 },
      namespaces: {
        vm: {
          allowSubscribeForClient: true,
          historySize: 5,
          recoverySize: 12,
          historyTtlMs,
          historyMetaTtlMs: 600_000,
          forceRecovery: true,
          presence: true,
          joinLeave: true,
          forcePushJoinLeave: seed % 2 === 0,
        },
      },
    });
    const ledger = new PayloadLedger();
    // Both formats in one crowd: what one of them is told holds for the other.
    this.clients = Array.from({ length: 10 }, (_, n) => {
      const format = n % 2 === 0 ? "json" : "protobuf";
      return new SimulatedClient(this.bench, ledger, `u${n % 7}`, n % 4 === 0 ? ["vm:0"] : [], format);
    });
  }

  async run(): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      for (const client of this.clients) client.judge();
    }
    await this.#calmDown();
  }

  /** Everybody comes back, reads everything, and must stand at the top of every channel. */
  async #calmDown(): Promise<void> {
    const { bench, clients } = this;
    bench.gate.releaseReads();
    bench.gate.releaseCommits();
    for (let round = 0; round < 4; round++) {
      for (const client of clients) {
        client.wire?.socket.take();
        if (!client.isConnected) client.connect();
      }
      await bench.clock.settle();
      for (const client of clients) {
        client.judge();
        for (const channel of channels) client.subscribe(channel);
      }
      await bench.clock.advance(15_000);
      for (const client of clients) client.judge();
    }
    for (const channel of channels) {
      const { top } = await bench.engine.history({ channel, limit: 0 });
      for (const client of clients) {
        assert.ok(client.isSubscribed(channel), `${client.user} is not back on ${channel}`);
        assert.deepEqual(client.position(channel), top, `[P2] ${client.user} on ${channel}`);
      }
    }
  }

  async #step(): Promise<void> {
    const { bench } = this;
    const client = this.clients[this.#dice.below(this.clients.length)];
    const channel = channels[this.#dice.below(channels.length)];
    if (client === undefined || channel === undefined) return;
    const roll = this.#dice.below(100);
    if (roll < 30) for (let n = this.#dice.below(4); n >= 0; n--) this.#publish(channel);
    else if (roll < 45) client.isConnected ? client.subscribe(channel) : client.connect();
    else if (roll < 51) client.cut();
    else if (roll < 55) client.unsubscribe(channel);
    else if (roll < 61) client.wire?.socket.stall();
    else if (roll < 68) client.wire?.socket.take(this.#dice.below(2) === 0);
    else if (roll < 72) bench.gate.holdReads();
    else if (roll < 77) bench.gate.releaseReads();
    else if (roll < 81) bench.gate.holdCommits();
    else if (roll < 87) bench.gate.releaseCommits();
    else if (roll < 88) bench.gate.loseHeldCommits();
    else if (roll < 95) await bench.clock.advance(this.#dice.below(3_000));
    else if (roll < 96) await bench.clock.advance(historyTtlMs + 1);
    else if (roll < 97) await bench.engine.historyRemove(channel);
    else bench.clock.runSoon();
    if (this.#dice.below(3) > 0) await bench.clock.settle();
  }

  #publish(channel: string): void {
    const data = `{"n" : ${++this.#published},  "é":"${"x".repeat(this.#dice.below(120))}"}`;
    void this.bench.engine.publish({ channel, data: new TextEncoder().encode(data) });
  }
}

test(`[P1] [P2] [P3] [P4] [P7] ${seeds} seeds of clients that cut, stall and recover`, { timeout: 60_000 }, async () => {
  let received = 0;
  let toldGaps = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const simulation = new Simulation(seed);
    try {
      await simulation.run();
      for (const client of simulation.clients) client.cut();
      await simulation.bench.clock.settle();
      await simulation.bench.clock.advance(10_000);
      const { connections, users, subscriptions, channels: open, queuedBytes, droppedFrames } = simulation.bench.engine.stats();
      assert.deepEqual([connections, users, subscriptions, open, queuedBytes, droppedFrames], [0, 0, 0, 0, 0, 0], "[P7]");
      for (const channel of channels) assert.equal(simulation.bench.engine.presence(channel).size, 0, "[P7] [P8]");
      simulation.bench.memoryLog.close();
      assert.equal(simulation.bench.clock.pending, 0, "[P7]");
      assert.deepEqual(simulation.bench.reports, []);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    for (const client of simulation.clients) {
      received += client.received;
      toldGaps += client.toldGaps;
    }
  }
  // A simulation that meets neither recoveries nor gaps would prove nothing.
  assert.ok(received > 20_000 && toldGaps > 500, `${received} received, ${toldGaps} gaps told`);
});
