import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./check.ts";
import type { DeviceLine, Dump, DumpedPublication, Ledgers, Policy, SubscriberLine } from "./ledger.ts";

const embedded: Policy = { positions: "journal", mayBeTold: false, doublesPerEngineKill: 0 };
const production: Policy = { positions: "engine", mayBeTold: true, doublesPerEngineKill: 1 };
const channel = "telemetry:VM-1";

/** A run without a fault: `count` messages sent, acknowledged, stored and seen by one subscriber from the start. */
function clean(count: number): {
  ledgers: { devices: DeviceLine[]; subscribers: SubscriberLine[]; faults: Ledgers["faults"] };
  dump: { publications: DumpedPublication[]; deadLetters: [] };
} {
  const devices: DeviceLine[] = [];
  const subscribers: SubscriberLine[] = [
    { t: "subscribed", sub: "a", channel, wasRecovering: false, recovered: false, epoch: "E", offset: 0, mono: 0 },
  ];
  const publications: DumpedPublication[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const message = { vm: "VM-1", boot: "b", seq, mono: seq };
    devices.push({ t: "sent", ...message, sha256: `h${seq}` }, { t: "acked", ...message });
    publications.push({ id: seq, channel, offset: seq, epoch: "E", sha256: `h${seq}`, vm: "VM-1", boot: "b", seq });
    subscribers.push({ t: "pub", sub: "a", channel, offset: seq, sha256: `h${seq}`, ...message });
  }
  return { ledgers: { devices, subscribers, faults: [] }, dump: { publications, deadLetters: [] } };
}

const found = (ledgers: Ledgers, dump: Dump, policy: Policy): string[] =>
  [...new Set(check(ledgers, dump, policy).map((violation) => violation.invariant))].sort();

test("a clean run has no violation", () => {
  const run = clean(20);
  assert.deepEqual(check(run.ledgers, run.dump, embedded), []);
});

test("[I1] an acknowledged message that is not stored is found", () => {
  const run = clean(5);
  run.dump.publications.pop();
  run.ledgers.subscribers.pop();
  assert.deepEqual(found(run.ledgers, run.dump, embedded), ["I1"]);
});

test("[I2] a message stored twice is found", () => {
  const run = clean(5);
  run.dump.publications.push({ ...run.dump.publications[4]!, id: 6, offset: 6 });
  assert.ok(found(run.ledgers, run.dump, embedded).includes("I2"));
});

test("[I4] a message stored out of order is found", () => {
  const run = clean(5);
  const [a, b] = [run.dump.publications[2]!, run.dump.publications[3]!];
  run.dump.publications[2] = { ...b, id: a.id, offset: a.offset };
  run.dump.publications[3] = { ...a, id: b.id, offset: b.offset };
  assert.ok(found(run.ledgers, run.dump, embedded).includes("I4"));
});

test("[I5] a publication that is not stored is found", () => {
  const run = clean(5);
  run.ledgers.subscribers.push({ t: "pub", sub: "a", channel, offset: 6, sha256: "x", vm: "VM-1", boot: "b", seq: 6, mono: 9 });
  assert.ok(found(run.ledgers, run.dump, embedded).includes("I5"));
});

test("[I6] a stored publication that no subscriber got is found, at the end and in the middle", () => {
  const tail = clean(5);
  tail.ledgers.subscribers.pop();
  assert.deepEqual(found(tail.ledgers, tail.dump, embedded), ["I6"]);
  const middle = clean(5);
  middle.ledgers.subscribers.splice(3, 1);
  assert.deepEqual(found(middle.ledgers, middle.dump, embedded), ["I6", "P2"]);
});

test("[P1] a repeated publication is found; on a real Centrifugo one a channel and kill passes", () => {
  const run = clean(5);
  const again = run.ledgers.subscribers[5]! as SubscriberLine & { t: "pub" };
  run.ledgers.subscribers.push({ ...again });
  assert.ok(found(run.ledgers, run.dump, embedded).includes("P1"));
  const killed = clean(5);
  const last = killed.ledgers.subscribers[5]! as SubscriberLine & { t: "pub" };
  killed.ledgers.subscribers.push(
    { t: "subscribed", sub: "a", channel, wasRecovering: true, recovered: false, epoch: "F", offset: 0, mono: 9 },
    { ...last, offset: 1 },
  );
  assert.ok(found(killed.ledgers, killed.dump, production).includes("I6"));
  const ledgers: Ledgers = { ...killed.ledgers, faults: [{ t: "fault", fault: "kill-centrifugo", cycle: 1, mono: 1 }] };
  assert.deepEqual(found(ledgers, killed.dump, production), []);
});

test("[P1] told not recovered is a violation where the journal holds the window, and no silent gap where it may be told", () => {
  const run = clean(6);
  run.ledgers.subscribers.splice(3, 2, {
    t: "subscribed",
    sub: "a",
    channel,
    wasRecovering: true,
    recovered: false,
    epoch: "E",
    offset: 4,
    mono: 4,
  });
  assert.deepEqual(found(run.ledgers, run.dump, embedded), ["P1"]);
  assert.deepEqual(found(run.ledgers, run.dump, production), []);
});

test("[P3] one position with two payloads, and another epoch after a recovery, are found", () => {
  const run = clean(3);
  run.ledgers.subscribers.push(
    { t: "subscribed", sub: "b", channel, wasRecovering: false, recovered: false, epoch: "E", offset: 2, mono: 3 },
    { t: "pub", sub: "b", channel, offset: 3, sha256: "other", vm: "VM-1", boot: "b", seq: 3, mono: 4 },
  );
  assert.ok(found(run.ledgers, run.dump, embedded).includes("P3"));
  const epochs = clean(3);
  epochs.ledgers.subscribers.splice(2, 0, {
    t: "subscribed",
    sub: "a",
    channel,
    wasRecovering: true,
    recovered: true,
    epoch: "Z",
    offset: 1,
    mono: 2,
  });
  assert.ok(found(epochs.ledgers, epochs.dump, embedded).includes("P3"));
});

test("[P5] other bytes in the store are found", () => {
  const run = clean(3);
  run.dump.publications[1] = { ...run.dump.publications[1]!, sha256: "re-encoded" };
  assert.ok(found(run.ledgers, run.dump, embedded).includes("P5"));
});
