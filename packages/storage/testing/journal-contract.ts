import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, UnrecoverablePosition } from "@fleetcast/engine";
import { ManualClock } from "@fleetcast/engine/testing";
import type { CommittedBatch, Journal, JournalEntry, JournalOutcome, JournalReadRequest } from "../src/journal.ts";

/** Opens an empty journal, or the one a former call left behind in the same place. */
export interface JournalPlace {
  open(ports: { readonly clock: Clock }): Promise<Journal>;
  /** Removes the place after the last journal in it was closed. */
  clear(): Promise<void> | void;
}

const hour = 3_600_000;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** The journal with the words the rules are told in. */
export class JournalBench {
  readonly clock = new ManualClock();
  readonly committed: CommittedBatch[number][] = [];
  readonly place: JournalPlace;
  journal!: Journal;

  constructor(place: JournalPlace) {
    this.place = place;
  }

  async open(): Promise<void> {
    this.journal = await this.place.open({ clock: this.clock });
    this.journal.onCommitted((batch) => this.committed.push(...batch));
  }

  async reopen(): Promise<void> {
    await this.journal.close();
    await this.open();
  }

  entry(data: string, more: Partial<JournalEntry> & { readonly channel?: string } = {}): JournalEntry {
    const { channel = "telemetry:VM-1", ...rest } = more;
    const publications = [{ channel, data: bytes(data), historyTtlMs: hour }];
    return { atMs: this.clock.wallMs(), records: [], publications, ...rest };
  }

  append(entry: JournalEntry): Promise<JournalOutcome> {
    return new Promise((resolve) => this.journal.append(entry, resolve));
  }

  appendAll(entries: readonly JournalEntry[]): Promise<readonly JournalOutcome[]> {
    return new Promise((resolve) => this.journal.appendAll(entries, resolve));
  }

  /** A message of machine VM-1 with its identity. */
  message(boot: string, seq: number, data = `{"seq":${seq}}`): Promise<JournalOutcome> {
    return this.append(this.entry(data, { identity: { vmId: "VM-1", boot, seq }, payload: bytes(data), topic: "vm/VM-1/telemetry" }));
  }

  async history(more: Partial<JournalReadRequest> = {}) {
    const request = { channel: "telemetry:VM-1", sizeMax: 300, ttlMs: hour, limit: -1, reverse: false };
    const { rows, top } = await this.journal.read({ ...request, nowMs: this.clock.wallMs(), ...more });
    return { rows, top, data: rows.map((row) => text(row.data)), offsets: rows.map((row) => row.offset) };
  }
}

type Rule = (title: string, body: (bench: JournalBench) => Promise<void>) => void;

/** What every store promises (rules of docs/spec/journal.md). */
export function journalContract(name: string, makePlace: () => JournalPlace): void {
  const rule: Rule = (title, body) =>
    test(`${name} ${title}`, async () => {
      const bench = new JournalBench(makePlace());
      await bench.open();
      try {
        await body(bench);
      } finally {
        await bench.journal.close();
        await bench.place.clear();
      }
    });
  batches(rule);
  windows(rule);
  repeats(rule);
  records(rule);
  restarts(rule);
}

function batches(rule: Rule): void {
  rule("[L3] outcomes come in the order of append, each after its batch was told to the listener", async (b) => {
    const seen: string[] = [];
    b.journal.onCommitted((batch) => seen.push(...batch.map((row) => `committed ${text(row.data)}`)));
    const entries = Array.from({ length: 50 }, (_, n) => b.entry(`${n}`, { channel: `telemetry:VM-${n % 3}` }));
    await Promise.all(entries.map((entry, n) => b.append(entry).then(() => seen.push(`done ${n}`))));
    const done = seen.filter((line) => line.startsWith("done"));
    assert.deepEqual(
      done,
      entries.map((_, n) => `done ${n}`),
    );
    for (const [n] of entries.entries()) assert.ok(seen.indexOf(`committed ${n}`) < seen.indexOf(`done ${n}`));
  });

  rule("[L3] more than one batch holds still commits whole and in order", async (b) => {
    const count = 5_000;
    const outcomes = await Promise.all(Array.from({ length: count }, (_, n) => b.append(b.entry(`${n}`))));
    assert.deepEqual(
      outcomes.map((outcome) => outcome.positions[0]?.offset),
      outcomes.map((_, n) => n + 1),
    );
    const ids = b.committed.map((row) => row.id);
    assert.deepEqual(
      ids,
      ids.toSorted((one, other) => one - other),
    );
    assert.equal(b.committed.length, count);
    assert.deepEqual(b.journal.backlog, { entries: 0, bytes: 0 });
  });

  rule("[L13] data are delivered as the very bytes given, and read back equal", async (b) => {
    const data = bytes('{"n":9007199254740993,"n":1e400,"\\u0000":-0}');
    await b.append({ atMs: b.clock.wallMs(), records: [], publications: [{ channel: "telemetry:VM-1", data, historyTtlMs: hour }] });
    assert.equal(b.committed[0]?.data, data);
    assert.deepEqual((await b.history()).rows[0]?.data, data);
  });

  rule("[L7] a group is one transaction: one row that cannot be stored keeps all of it out", async (b) => {
    const bad = b.entry("bad", { atMs: Number.NaN });
    const outcomes = await b.appendAll([b.entry("1"), bad, b.entry("3", { channel: "telemetry:VM-2" })]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.verdict),
      ["bad", "bad", "bad"],
    );
    assert.deepEqual((await b.history()).offsets, []);
    assert.deepEqual((await b.appendAll([])).length, 0);
  });

  rule("[L7] a group larger than a batch is still one transaction", async (b) => {
    const batches: number[] = [];
    b.journal.onCommitted((batch) => batches.push(batch.length));
    const group = Array.from({ length: 3_000 }, (_, n) => b.entry(`${n}`, { channel: `user_cmd:${n}` }));
    const [outcomes] = await Promise.all([b.appendAll(group), b.append(b.entry("after"))]);
    assert.ok(outcomes.every((outcome) => outcome.verdict === "stored"));
    assert.deepEqual(batches, [3_000, 1]);
  });

  rule("[L3] a row that cannot be stored is a dead letter with its reason, everybody else's goes in", async (b) => {
    const outcomes = await Promise.all([
      b.append(b.entry("1")),
      b.append(b.entry("2", { atMs: Number.NaN, topic: "vm/VM-1/telemetry", payload: bytes("raw") })),
      b.append(b.entry("3")),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.verdict),
      ["stored", "bad", "stored"],
    );
    assert.deepEqual((await b.history()).data, ["1", "3"]);
    assert.deepEqual((await b.history()).offsets, [1, 2]);
    const [letter] = await b.journal.fleet.deadLetters(10);
    assert.equal(letter?.topic, "vm/VM-1/telemetry");
    assert.equal(text(letter.payload), "raw");
    assert.equal(letter.reason, outcomes[1]?.reason);
  });

  rule("[N3] a publisher reads on from an id in commit order, and finds its cursors again", async (b) => {
    for (let n = 1; n <= 6; n++) await b.append(b.entry(`${n}`, { channel: `events:VM-${n % 2}` }));
    const first = await b.journal.readFrom(0, 4);
    assert.deepEqual(
      first.map((row) => [row.channel, row.offset, text(row.data)]),
      [
        ["events:VM-1", 1, "1"],
        ["events:VM-0", 1, "2"],
        ["events:VM-1", 2, "3"],
        ["events:VM-0", 2, "4"],
      ],
    );
    assert.deepEqual(
      (await b.journal.readFrom(first.at(-1)!.id, 10)).map((row) => text(row.data)),
      ["5", "6"],
    );
    await b.journal.saveCursors("push", 4, new Map([["events:VM-0", 2]]));
    await b.journal.saveCursors("push", 5, new Map([["events:VM-1", 3]]));
    await b.reopen();
    const cursors = await b.journal.loadCursors("push");
    assert.equal(cursors.lastId, 5);
    assert.deepEqual(
      new Map(cursors.channels),
      new Map([
        ["events:VM-0", 2],
        ["events:VM-1", 3],
      ]),
    );
    assert.deepEqual(await b.journal.loadCursors("other"), { lastId: 0, channels: new Map() });
  });
}

function windows(rule: Rule): void {
  rule("[L5] history ends with size, with the silence, and at remove; the position goes on", async (b) => {
    for (let n = 1; n <= 8; n++) await b.append(b.entry(`${n}`));
    assert.deepEqual((await b.history({ sizeMax: 3 })).offsets, [6, 7, 8]);
    assert.deepEqual((await b.history({ reverse: true, limit: 2 })).offsets, [8, 7]);
    assert.deepEqual((await b.history({ since: { offset: 2, epoch: "" }, limit: 2 })).offsets, [3, 4]);
    assert.deepEqual((await b.history({ since: { offset: 2, epoch: "" }, upTo: 4 })).offsets, [3, 4]);
    await b.journal.remove("telemetry:VM-1");
    assert.deepEqual([(await b.history()).offsets, (await b.history()).top.offset], [[], 8]);
    await b.append(b.entry("9"));
    assert.deepEqual((await b.history()).offsets, [9]);
    await b.clock.advance(hour + 1);
    assert.deepEqual((await b.history()).offsets, []);
    await b.append(b.entry("10"));
    assert.deepEqual((await b.history()).offsets, [10], "an append after the silence does not bring the forgotten ones back");
    assert.deepEqual((await b.history({ ttlMs: 24 * hour })).offsets, [10]);
  });

  rule("[L5] remove takes its place in the order of appends", async (b) => {
    const before = b.append(b.entry("1"));
    const removed = b.journal.remove("telemetry:VM-1");
    const after = b.append(b.entry("2"));
    await Promise.all([before, removed, after]);
    assert.deepEqual((await b.history()).data, ["2"]);
  });

  rule("[L5] another epoch is unrecoverable, also on a channel that has no publication yet", async (b) => {
    const { top } = await b.history();
    assert.equal(top.offset, 0);
    assert.deepEqual(await b.journal.top("telemetry:VM-1"), top);
    await assert.rejects(b.history({ since: { offset: 0, epoch: "strange" } }), UnrecoverablePosition);
    const outcome = await b.append(b.entry("1"));
    assert.equal(outcome.positions[0]?.epoch, top.epoch, "the epoch told before the first publication stays");
    assert.deepEqual((await b.history({ since: top })).offsets, [1]);
    await assert.rejects(b.history({ since: { offset: 1, epoch: "strange" } }), UnrecoverablePosition);
  });
}

function repeats(rule: Rule): void {
  rule("[L10] one identity is stored once, however often and in whatever batch it comes", async (b) => {
    const [first, again] = await Promise.all([b.message("b1", 1), b.message("b1", 1)]);
    assert.deepEqual([first.verdict, again.verdict], ["stored", "duplicate"]);
    assert.equal((await b.message("b1", 1)).verdict, "duplicate");
    await b.reopen();
    assert.equal((await b.message("b1", 1)).verdict, "duplicate");
    assert.equal((await b.message("b2", 1)).verdict, "stored", "another boot counts anew");
    assert.equal((await b.history()).rows.length, 2);
  });

  rule("[L10] a gap is counted and marked; what arrives late into it is stored", async (b) => {
    assert.equal((await b.message("b1", 7)).gap, 0, "the first message of a boot reveals nothing");
    assert.equal((await b.message("b1", 10)).gap, 2);
    assert.equal((await b.message("b1", 11)).gap, 0);
    assert.deepEqual([(await b.message("b1", 8)).verdict, (await b.message("b1", 8)).verdict], ["stored", "duplicate"]);
    assert.deepEqual(
      b.committed.map((row) => row.tags?.["gap"]),
      [undefined, "2", undefined, undefined],
    );
    assert.deepEqual(
      (await b.history()).rows.map((row) => row.tags?.["gap"]),
      [undefined, "2", undefined, undefined],
    );
  });

  rule("[L10] the same identity with another body keeps the first and dead-letters the second", async (b) => {
    assert.equal((await b.message("b1", 1, "first")).verdict, "stored");
    assert.equal((await b.message("b1", 2, "second")).verdict, "stored");
    const conflict = await b.message("b1", 1, "other");
    assert.equal(conflict.verdict, "conflict");
    assert.deepEqual((await b.history()).data, ["first", "second"]);
    const letters = await b.journal.fleet.deadLetters(10);
    assert.deepEqual(
      letters.map((letter) => [letter.vmId, text(letter.payload), letter.topic]),
      [["VM-1", "other", "vm/VM-1/telemetry"]],
    );
  });

  rule("[L10] the last 8 boots of a machine are remembered, also by a store opened again", async (b) => {
    for (let boot = 1; boot <= 9; boot++) assert.equal((await b.message(`boot-${boot}`, 1)).verdict, "stored");
    for (const reopened of [false, true]) {
      if (reopened) await b.reopen();
      for (let boot = 2; boot <= 9; boot++) assert.equal((await b.message(`boot-${boot}`, 1)).verdict, "duplicate", `boot-${boot}`);
    }
    assert.equal((await b.message("boot-1", 1)).verdict, "stored", "the ninth-last is forgotten: stored again rather than lost");
  });

  rule("[L10] a message that was refused has not been received: the same identity with a good body is stored", async (b) => {
    await b.message("b1", 1);
    const identity = { vmId: "VM-1", boot: "b1", seq: 2 };
    const [refused, other] = await Promise.all([b.append(b.entry("bad", { identity, atMs: 0.5 })), b.message("b1", 3)]);
    assert.deepEqual([refused.verdict, other.verdict], ["bad", "stored"]);
    assert.equal((await b.message("b1", 2)).verdict, "stored");
    assert.equal((await b.append(b.entry("x", { identity: { ...identity, seq: -1 } }))).verdict, "bad");
    assert.deepEqual((await b.history()).data, ['{"seq":1}', '{"seq":3}', '{"seq":2}']);
  });

  rule("[L10] a duplicate adds no record either", async (b) => {
    const reading = { kind: "reading", vmId: "VM-1", deviceTsMs: null, tempC: 4, voltageV: 220, doorClosed: true, late: false } as const;
    for (let n = 0; n < 2; n++) await b.append(b.entry("x", { identity: { vmId: "VM-1", boot: "b", seq: 1 }, records: [reading] }));
    assert.equal((await b.journal.stats()).readings, 1);
  });

  rule("[L7] a repeated idempotency key answers the first position for 5 minutes, also after a restart", async (b) => {
    const keyed = (data: string): JournalEntry => ({
      atMs: b.clock.wallMs(),
      records: [],
      publications: [{ channel: "telemetry:VM-1", data: bytes(data), historyTtlMs: hour, idempotencyKey: "k" }],
    });
    const first = await b.append(keyed("a"));
    await b.reopen();
    const again = await b.append(keyed("b"));
    assert.deepEqual(again.positions, [{ ...first.positions[0], suppressed: "idempotency" }]);
    await b.clock.advance(300_001);
    assert.equal((await b.append(keyed("c"))).positions[0]?.offset, 2);
    assert.deepEqual((await b.history()).data, ["a", "c"]);
  });
}

function records(rule: Rule): void {
  rule("[L2] a machine is upserted: what is not given stays, null clears, first_seen is the first upsert", async (b) => {
    const machine = { kind: "machine", vmId: "VM-1" } as const;
    const put = (record: JournalEntry["records"][number]) => b.append({ atMs: b.clock.wallMs(), records: [record], publications: [] });
    const firstSeenMs = b.clock.wallMs();
    await put({ ...machine, secretSha256: new Uint8Array(32).fill(7), tempC: 4.5 });
    await b.clock.advance(1_000);
    await put({
      ...machine,
      name: "Lobby",
      state: "online",
      stateReason: "birth",
      boot: "b1",
      lastSeenMs: 5,
      doorClosed: false,
      tempC: null,
    });
    const row = await b.journal.fleet.machine("VM-1");
    assert.deepEqual(
      { ...row, secretSha256: row?.secretSha256?.[0] },
      {
        vmId: "VM-1",
        name: "Lobby",
        site: null,
        state: "online",
        stateReason: "birth",
        boot: "b1",
        firstSeenMs,
        lastSeenMs: 5,
        tempC: null,
        voltageV: null,
        doorClosed: false,
        worstAlarm: null,
        secretSha256: 7,
        demo: false,
      },
    );
    await put({ ...machine, secretSha256: null, demo: true });
    const [cleared] = await b.journal.fleet.machines();
    assert.deepEqual([cleared?.secretSha256, cleared?.demo, cleared?.name], [null, true, "Lobby"]);
    assert.equal(await b.journal.fleet.machine("VM-2"), undefined);
  });

  rule("[L2] events are found by machine, type, severity and time, newest first", async (b) => {
    const event = (vmId: string, type: string, severity: "info" | "critical") =>
      b.append({
        atMs: b.clock.wallMs(),
        records: [{ kind: "event", eventId: `${vmId}-${type}`, vmId, type, severity, deviceTs: "t", data: bytes('{"x":1}') }],
        publications: [],
      });
    await event("VM-1", "shake", "critical");
    await b.clock.advance(10);
    const second = b.clock.wallMs();
    await event("VM-2", "vend_success", "info");
    await b.clock.advance(10);
    await event("VM-1", "vend_success", "info");
    const ids = async (filter: Parameters<Journal["fleet"]["events"]>[0]) =>
      (await b.journal.fleet.events(filter)).map((row) => row.eventId);
    assert.deepEqual(await ids({ limit: 10 }), ["VM-1-vend_success", "VM-2-vend_success", "VM-1-shake"]);
    assert.deepEqual(await ids({ limit: 1 }), ["VM-1-vend_success"]);
    assert.deepEqual(await ids({ vmId: "VM-1", limit: 10 }), ["VM-1-vend_success", "VM-1-shake"]);
    assert.deepEqual(await ids({ severity: "critical", limit: 10 }), ["VM-1-shake"]);
    assert.deepEqual(await ids({ type: "vend_success", beforeMs: second + 1, limit: 10 }), ["VM-2-vend_success"]);
    assert.equal(await b.journal.fleet.countEvents("vend_success", second + 1), 1);
    assert.deepEqual((await b.journal.fleet.events({ limit: 1 }))[0]?.data, bytes('{"x":1}'));
  });

  rule("[L2] a series holds what was stored before it was asked, in buckets", async (b) => {
    const start = Math.ceil(b.clock.wallMs() / hour) * hour;
    const readings = [
      [0, 4, true],
      [30_000, 6, false],
      [61_000, 9, null],
      [200_000, null, true],
    ] as const;
    for (const [offsetMs, tempC, doorClosed] of readings) {
      const reading = { vmId: "VM-1", deviceTsMs: start + offsetMs, tempC, voltageV: 220, doorClosed, late: false };
      await b.append({ atMs: start + offsetMs + 7, records: [{ kind: "reading", ...reading }], publications: [] });
    }
    const rows = await b.journal.fleet.series("VM-1", start, start + 200_000, 60_000);
    assert.deepEqual(
      rows.map((row) => [row.bucketMs - start, row.count, row.tempMin, row.tempAvg, row.tempMax, row.doorAvg]),
      [
        [0, 2, 4, 5, 6, 0.5],
        [60_000, 1, 9, 9, 9, null],
        [180_000, 1, null, null, null, 1],
      ],
    );
    assert.deepEqual(
      (await b.journal.fleet.series("VM-1", start + 30_000, start + 61_000, 1_000)).map((row) => row.count),
      [1, 1],
    );
    assert.deepEqual(await b.journal.fleet.series("VM-9", start, start + hour, 60_000), []);
  });

  rule("[L7] commands: one request's share a key, a repeated request inserts nothing, states follow", async (b) => {
    const command = (cmdId: string, vmId: string, idempotencyKey = "req-1") =>
      ({
        kind: "command",
        cmdId,
        vmId,
        name: "unlock",
        params: bytes("{}"),
        userId: "u_1",
        idempotencyKey,
        expiresMs: 9,
      }) as const;
    const group = [command("c1", "VM-1"), command("c2", "VM-2")].map((record) =>
      b.entry("queued", { records: [record], channel: "user_cmd:u_1" }),
    );
    assert.deepEqual(
      (await b.appendAll(group)).map((outcome) => outcome.verdict),
      ["stored", "stored"],
    );
    const repeat = b.entry("queued", { records: [command("c3", "VM-1")], channel: "user_cmd:u_1" });
    assert.equal((await b.append(repeat)).verdict, "duplicate");
    await b.append({ atMs: 77, records: [{ kind: "commandState", cmdId: "c1", state: "done", detail: "ok" }], publications: [] });
    const fleet = b.journal.fleet;
    assert.deepEqual(
      (await fleet.commandsByIdempotencyKey("u_1", "req-1")).map((row) => [row.cmdId, row.state, row.detail]),
      [
        ["c1", "done", "ok"],
        ["c2", "queued", null],
      ],
    );
    assert.deepEqual(
      (await fleet.openCommands()).map((row) => row.cmdId),
      ["c2"],
    );
    assert.deepEqual(
      (await fleet.commands({ limit: 5 })).map((row) => row.cmdId),
      ["c2", "c1"],
    );
    assert.deepEqual(
      (await fleet.commands({ vmId: "VM-1", userId: "u_1", limit: 5 })).map((row) => row.cmdId),
      ["c1"],
    );
    assert.deepEqual([(await fleet.command("c1"))?.updatedMs, await fleet.command("c3")], [77, undefined]);
    assert.deepEqual((await b.history({ channel: "user_cmd:u_1" })).rows.length, 2);
  });

  rule("[ADM5] who is shut out and who did what are kept; what is past goes with the next change", async (b) => {
    const shutOut = { kind: "revocation", what: "user", beforeS: null, by: "u_1", reason: "left", ended: false } as const;
    const audit = { kind: "audit", actor: "u_1", action: "user.block", target: "u_2", detail: null, address: "127.0.0.1" } as const;
    await b.append({ atMs: 1, records: [{ ...shutOut, subject: "u_2", untilMs: null }, audit], publications: [] });
    await b.append({ atMs: 2, records: [{ ...shutOut, subject: "u_3", untilMs: 10 }], publications: [] });
    await b.append({
      atMs: 3,
      records: [
        { ...shutOut, what: "tokens", subject: "u_2", beforeS: 5, untilMs: null },
        { ...audit, action: "tokens.revoke" },
      ],
      publications: [],
    });
    const { fleet } = b.journal;
    const shown = async () =>
      (await fleet.revocations()).map((row) => `${row.what} ${row.subject} ${row.beforeS} ${row.untilMs} ${row.atMs}`);
    assert.deepEqual(await shown(), ["tokens u_2 5 null 3", "user u_2 null null 1", "user u_3 null 10 2"]);
    await b.append({ atMs: 11, records: [{ ...shutOut, subject: "u_2", untilMs: null, ended: true }], publications: [] });
    assert.deepEqual(await shown(), ["tokens u_2 5 null 3"]);
    const rows = await fleet.audit({ limit: 5 });
    assert.deepEqual(
      rows.map(({ id: _, ...row }) => row),
      [
        { atMs: 3, actor: "u_1", action: "tokens.revoke", target: "u_2", detail: null, address: "127.0.0.1" },
        { atMs: 1, actor: "u_1", action: "user.block", target: "u_2", detail: null, address: "127.0.0.1" },
      ],
    );
    assert.deepEqual(
      (await fleet.audit({ beforeId: rows[0]!.id, limit: 5 })).map((row) => row.action),
      ["user.block"],
    );
    assert.deepEqual((await fleet.audit({ action: "user.block", actor: "u_1", limit: 5 })).length, 1);
    assert.deepEqual(await fleet.audit({ actor: "nobody", limit: 5 }), []);
  });

  rule("[L2] users and dead letters", async (b) => {
    const user = { kind: "user", id: "u_1", name: "ada", role: "admin", passwordHash: "h", generation: 1 } as const;
    await b.append({ atMs: 1, records: [user], publications: [] });
    await b.append({ atMs: 1, records: [{ ...user, generation: 2 }], publications: [] });
    assert.deepEqual(await b.journal.fleet.users(), [{ id: "u_1", name: "ada", role: "admin", passwordHash: "h", generation: 2 }]);
    const letter = { kind: "deadLetter", topic: "vm/x", vmId: null, reason: "not JSON", payload: bytes("{") } as const;
    await b.append({ atMs: 5, records: [letter], publications: [] });
    assert.deepEqual(await b.journal.fleet.deadLetters(5), [
      { id: 1, atMs: 5, topic: "vm/x", vmId: null, reason: "not JSON", payload: bytes("{") },
    ]);
    assert.deepEqual(await b.journal.stats(), { publications: 0, readings: 0, events: 0, deadLetters: 1, channels: 0, lastId: 0 });
  });
}

function restarts(rule: Rule): void {
  rule("[L6] a restart keeps offsets, epochs and history", async (b) => {
    const first = await b.append(b.entry("1"));
    await b.reopen();
    assert.deepEqual((await b.history({ since: { offset: 0, epoch: first.positions[0]!.epoch } })).data, ["1"]);
    const second = await b.append(b.entry("2"));
    assert.deepEqual([second.positions[0]?.offset, second.positions[0]?.epoch, second.positions[0]?.id], [2, first.positions[0]?.epoch, 2]);
  });

  rule("[L3] close commits what was queued; what comes after it is an error", async (b) => {
    const outcomes = Array.from({ length: 3_000 }, (_, n) => b.append(b.entry(`${n}`)));
    await b.journal.close();
    assert.equal((await Promise.all(outcomes)).at(-1)?.positions[0]?.offset, 3_000);
    assert.throws(() => b.journal.append(b.entry("late"), () => {}));
    await b.open();
    assert.equal((await b.journal.top("telemetry:VM-1")).offset, 3_000);
  });
}
