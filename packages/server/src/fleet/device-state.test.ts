import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type DeviceState,
  earlierBootsMax,
  graceMs,
  holdMs,
  newDevice,
  type Observation,
  observe,
  restoredDevice,
  type Transition,
} from "./device-state.ts";

const silenceMs = 90_000;

/** A machine under a clock of its own; what subscribers would be told is written down. */
class Watched {
  readonly device: DeviceState;
  readonly told: string[] = [];
  nowMs = 1_000_000;

  constructor(device: DeviceState = newDevice()) {
    this.device = device;
  }

  sees(observation: Observation): Transition | undefined {
    const transition = observe(this.device, observation, this.nowMs);
    if (transition?.announce) this.told.push(`${transition.to} ${transition.reason}`);
    return transition;
  }

  heard(boot?: string): void {
    this.sees({ kind: "heard", boot });
  }
  birth(boot?: string): void {
    this.sees({ kind: "birth", boot });
  }
  will(boot?: string): void {
    this.sees({ kind: "will", boot });
  }
  goodbye(boot?: string): void {
    this.sees({ kind: "goodbye", boot });
  }

  /** Time passes, judged once a second as the sweep does. */
  waits(ms: number): void {
    const end = this.nowMs + ms;
    while (this.nowMs < end) {
      this.nowMs = Math.min(end, this.nowMs + 1_000);
      this.sees({ kind: "time", silenceMs });
    }
  }

  get state(): string {
    return `${this.device.state} ${this.device.reason}`;
  }
}

test("[I8] a machine is online by its birth, or by any message", () => {
  const born = new Watched();
  born.birth("b1");
  assert.equal(born.state, "online birth");
  const heard = new Watched();
  heard.heard();
  assert.equal(heard.state, "online activity");
  heard.birth("b1");
  assert.deepEqual(heard.told, ["online activity"], "its first boot is no restart");
});

test("[I8] an ungraceful end is told once: will, silence and lost connection together", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.will("b1");
  machine.sees({ kind: "closed", graceful: false });
  machine.will("b1");
  machine.waits(10 * silenceMs);
  assert.deepEqual(machine.told, ["online birth", "offline will"]);
});

test("[I8] a will is believed after the hold, and not before", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.will("b1");
  machine.waits(holdMs - 1_000);
  assert.equal(machine.device.state, "online");
  machine.waits(1_000);
  assert.equal(machine.state, "offline will");
});

test("[I8] a take-over by the same machine is no end: the will is dropped when it is heard again", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.will("b1");
  machine.birth("b1");
  machine.waits(holdMs + 5_000);
  assert.deepEqual(machine.told, ["online birth"]);
});

test("[I8] a take-over at the embedded broker is no end: the will is dropped while a connection stands", () => {
  const machine = new Watched();
  machine.sees({ kind: "connected" });
  machine.birth("b1");
  machine.sees({ kind: "connected" });
  machine.will("b1");
  machine.waits(holdMs + 5_000);
  assert.deepEqual(machine.told, ["online birth"]);
});

test("[I8] after DISCONNECT nothing is told by the connection; the goodbye says offline, without a warning", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.sees({ kind: "closed", graceful: true });
  machine.waits(30_000);
  assert.deepEqual(machine.told, ["online birth"]);
  machine.goodbye("b1");
  machine.waits(10 * silenceMs);
  assert.deepEqual(machine.told, ["online birth", "offline status"]);
});

test("[I8] an older boot's will or goodbye changes nothing", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.birth("b2");
  machine.will("b1");
  machine.goodbye("b1");
  machine.waits(holdMs + 1_000);
  assert.equal(machine.device.state, "online");
  assert.deepEqual(machine.told, ["online birth", "online birth"], "a new boot is told: the machine restarted");
  machine.will("b2");
  machine.waits(holdMs);
  assert.equal(machine.state, "offline will");
});

test("[I8] the will of a boot that never said anything is believed: it is newer", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.will("b2");
  machine.waits(holdMs);
  assert.equal(machine.state, "offline will");
});

test("[I8] buffered messages of an earlier boot are life, but do not bring the boot back", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.birth("b2");
  machine.heard("b1");
  assert.equal(machine.device.boot, "b2");
});

test("[I8] the last boots are known, and no more of them", () => {
  const machine = new Watched();
  for (let boot = 0; boot < 50; boot++) machine.birth(`b${boot}`);
  assert.equal(machine.device.earlierBoots.length, earlierBootsMax);
});

test("silence is judged without a connection only, and told once", () => {
  const machine = new Watched();
  machine.sees({ kind: "connected" });
  machine.heard();
  machine.waits(5 * silenceMs);
  assert.equal(machine.device.state, "online", "its connection is kept alive");
  machine.sees({ kind: "closed", graceful: true });
  machine.waits(silenceMs);
  assert.equal(machine.state, "offline silence");
  machine.waits(5 * silenceMs);
  machine.heard();
  assert.deepEqual(machine.told, ["online activity", "offline silence", "online activity"]);
});

test("[I8] a machine that comes back with a new boot is told once, by its birth", () => {
  const machine = new Watched();
  machine.birth("b1");
  machine.goodbye("b1");
  machine.sees({ kind: "connected" });
  assert.equal(machine.state, "online activity", "true at once");
  machine.birth("b2");
  machine.waits(silenceMs);
  assert.deepEqual(machine.told, ["online birth", "offline status", "online birth"]);
});

test("[I8] a machine that connects and says nothing is told after the grace; gone within it, it is not told again", () => {
  const quiet = new Watched(restoredDevice("offline", "will", "b1", 1_000_000));
  quiet.sees({ kind: "connected" });
  quiet.waits(graceMs);
  assert.deepEqual(quiet.told, ["online activity"]);
  const brief = new Watched(restoredDevice("offline", "will", "b1", 1_000_000));
  brief.sees({ kind: "connected" });
  brief.goodbye("b1");
  brief.waits(silenceMs);
  assert.equal(brief.state, "offline status");
  assert.deepEqual(brief.told, []);
});

test("[I8] the old connection's will of a machine that was never told of waits for the hold too", () => {
  const machine = new Watched();
  machine.sees({ kind: "connected" });
  machine.will("b1");
  machine.birth("b1");
  machine.waits(silenceMs);
  assert.deepEqual(machine.told, ["online birth"]);
});

test("after a restart of the server: a connection and the birth of the same boot tell nothing again; another boot is told once", () => {
  const same = new Watched(restoredDevice("online", "birth", "b1", 1_000_000));
  same.sees({ kind: "connected" });
  same.birth("b1");
  same.waits(silenceMs);
  assert.deepEqual(same.told, []);
  const restarted = new Watched(restoredDevice("online", "birth", "b1", 1_000_000));
  restarted.sees({ kind: "connected" });
  restarted.birth("b2");
  restarted.waits(silenceMs);
  assert.deepEqual(restarted.told, ["online birth"]);
});

test("a connection that was lost is an end after the hold", () => {
  const machine = new Watched();
  machine.sees({ kind: "connected" });
  machine.heard();
  machine.sees({ kind: "closed", graceful: false });
  machine.waits(holdMs);
  assert.equal(machine.state, "offline connection_lost");
});

test("after a restart of the server: unknown until heard, and nothing told that was told before", () => {
  const machine = new Watched(restoredDevice("online", "birth", "b1", 1_000_000));
  assert.equal(machine.state, "unknown restart");
  machine.waits(10_000);
  machine.heard("b1");
  assert.equal(machine.state, "online activity");
  assert.deepEqual(machine.told, []);
});

test("after a restart of the server: a machine that is not heard is told offline, once", () => {
  const machine = new Watched(restoredDevice("online", "birth", "b1", 1_000_000));
  machine.waits(3 * silenceMs);
  assert.equal(machine.state, "offline silence");
  assert.deepEqual(machine.told, ["offline silence"]);
});

test("after a restart of the server: who was offline stays so, with its reason; who was never seen stays unknown", () => {
  const gone = new Watched(restoredDevice("offline", "will", "b1", 0));
  gone.waits(5 * silenceMs);
  assert.equal(gone.state, "offline will");
  const fresh = new Watched(restoredDevice("unknown", "never_seen", null, 0));
  fresh.waits(5 * silenceMs);
  assert.equal(fresh.state, "unknown never_seen");
  assert.deepEqual([...gone.told, ...fresh.told], []);
});

test("a broker's memory of a status decides only where nothing is known", () => {
  const restored = new Watched(restoredDevice("online", "birth", "b1", 1_000_000));
  restored.sees({ kind: "remembered", state: "offline", boot: "b1" });
  assert.equal(restored.state, "offline will");
  const alive = new Watched();
  alive.birth("b1");
  alive.sees({ kind: "remembered", state: "offline", boot: "b1" });
  assert.equal(alive.state, "online birth");
  const gone = new Watched();
  gone.birth("b1");
  gone.goodbye("b1");
  gone.sees({ kind: "remembered", state: "online", boot: "b1" });
  assert.equal(gone.state, "offline status");
});

test("a machine whose first sign is its will is known, and gone", () => {
  const machine = new Watched();
  machine.will("b1");
  assert.equal(machine.state, "offline will");
});

const boots = fc.constantFrom("b1", "b2", "b3", undefined);
const observation: fc.Arbitrary<Observation | { kind: "wait"; ms: number }> = fc.oneof(
  fc.record({ kind: fc.constantFrom("heard" as const, "birth" as const, "goodbye" as const, "will" as const), boot: boots }),
  fc.constant({ kind: "connected" as const }),
  fc.record({ kind: fc.constant("closed" as const), graceful: fc.boolean() }),
  fc.record({ kind: fc.constant("remembered" as const), state: fc.constantFrom("online" as const, "offline" as const), boot: boots }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1_000, holdMs, silenceMs) }),
);

test("[I8] whatever happens: offline is never told twice in a row, and what was told last is the state", () => {
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 40 }), (script) => {
      const machine = new Watched();
      for (const step of script) {
        if (step.kind === "wait") machine.waits(step.ms);
        else machine.sees(step);
        const words = machine.told.map((line) => line.split(" ")[0]);
        for (let index = 1; index < words.length; index++) assert.ok(words[index] !== "offline" || words[index - 1] === "online");
        const { state, untoldSinceMs } = machine.device;
        if (state !== "unknown" && untoldSinceMs === null) assert.equal(state, words.at(-1));
        if (untoldSinceMs !== null) assert.ok(state === "online" && machine.nowMs - untoldSinceMs < graceMs);
        assert.ok(machine.device.earlierBoots.length <= earlierBootsMax);
        assert.ok(machine.device.boot === null || !machine.device.earlierBoots.includes(machine.device.boot));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("[I8] whatever happened before: who is heard is online, and who is not heard at all ends offline unless connected", () => {
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 30 }), (script) => {
      const machine = new Watched();
      for (const step of script) {
        if (step.kind === "wait") machine.waits(step.ms);
        else machine.sees(step);
      }
      machine.heard();
      assert.equal(machine.device.state, "online");
      machine.waits(2 * silenceMs);
      assert.equal(machine.device.state, machine.device.connected ? "online" : "offline");
    }),
    { numRuns: 1_000 },
  );
});
