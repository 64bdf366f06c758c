import type { FleetRow, FleetTotals } from "@fleetcast/protocol";
import { expect, test } from "vitest";
import { FakeClock, FakeFrames } from "../../testing/fake-clock.ts";
import { FlushLoop } from "./flush-loop.ts";
import { LiveStore } from "./live-store.ts";

const totals: FleetTotals = { machines: 2, online: 2, offline: 0, in_alarm: 0, vends_today: 0 };

function row(vmId: string, rev: number, change: Partial<FleetRow> = {}): FleetRow {
  return {
    vm_id: vmId,
    rev,
    name: vmId,
    state: "online",
    state_reason: "birth",
    temp_c: -18,
    voltage_v: 220,
    door_closed: true,
    worst_alarm: null,
    last_seen_ms: 1,
    ...change,
  };
}

function setup() {
  const clock = new FakeClock();
  const frames = new FakeFrames();
  const store = new LiveStore(new FlushLoop(clock, frames));
  const flush = () => {
    clock.advance(250);
    frames.draw();
  };
  return { store, flush };
}

test("an update is applied once: a row that is not newer changes nothing", () => {
  const { store, flush } = setup();
  store.replace({ at_ms: 10, totals, rows: [row("A", 5), row("B", 1)] });
  flush();
  let heard = 0;
  store.subscribeRow("A", () => heard++);
  store.apply({ at_ms: 11, totals, rows: [row("A", 5, { temp_c: 1 }), row("A", 4, { temp_c: 2 })], removed: [] });
  flush();
  expect(store.get("A")?.temp_c).toBe(-18);
  expect(heard).toBe(0);
  store.apply({ at_ms: 12, totals, rows: [row("A", 6, { temp_c: -11 })], removed: [] });
  flush();
  expect(store.get("A")?.temp_c).toBe(-11);
  expect(heard).toBe(1);
});

test("only the rows that changed are told of, and only at the flush", () => {
  const { store, flush } = setup();
  store.replace({ at_ms: 1, totals, rows: [row("A", 1), row("B", 1)] });
  flush();
  const heard: string[] = [];
  for (const vmId of ["A", "B"]) store.subscribeRow(vmId, () => heard.push(vmId));
  for (let rev = 2; rev < 100; rev++) store.apply({ at_ms: rev, totals, rows: [row("A", rev)], removed: [] });
  expect(heard).toEqual([]);
  flush();
  expect(heard).toEqual(["A"]);
});

test("a snapshot replaces everything, also where a new server began its revisions anew", () => {
  const { store, flush } = setup();
  store.replace({ at_ms: 1, totals, rows: [row("A", 900), row("GONE", 3)] });
  flush();
  let gone = 0;
  store.subscribeRow("GONE", () => gone++);
  store.replace({ at_ms: 2, totals: { ...totals, machines: 1 }, rows: [row("A", 1, { state: "offline" })] });
  flush();
  expect(store.get("A")?.state).toBe("offline");
  expect(store.get("GONE")).toBeUndefined();
  expect(gone).toBe(1);
  expect(store.totals.machines).toBe(1);
});

test("removed machines leave, and the list is told once", () => {
  const { store, flush } = setup();
  store.replace({ at_ms: 1, totals, rows: [row("A", 1), row("B", 1)] });
  flush();
  const version = store.listVersion;
  store.apply({ at_ms: 2, totals, rows: [], removed: ["B", "never there"] });
  flush();
  expect([...store.rows()].map((item) => item.vm_id)).toEqual(["A"]);
  expect(store.listVersion).toBe(version + 1);
});

test("totals of an update older than the snapshot do not go back", () => {
  const { store } = setup();
  store.replace({ at_ms: 100, totals: { ...totals, vends_today: 7 }, rows: [] });
  store.apply({ at_ms: 90, totals: { ...totals, vends_today: 3 }, rows: [], removed: [] });
  expect(store.totals.vends_today).toBe(7);
});

test("it is loaded only with the first snapshot", () => {
  const { store } = setup();
  expect(store.loaded).toBe(false);
  store.replace({ at_ms: 1, totals, rows: [] });
  expect(store.loaded).toBe(true);
});
