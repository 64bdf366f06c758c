import type { FleetEvent } from "@fleetcast/protocol";
import { expect, test } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { type Popup, PopupCenter } from "./popup-center.ts";

let number = 0;
function event(type: string, change: Partial<FleetEvent> = {}): FleetEvent {
  return { event_id: `e${++number}`, vm_id: "A", type, severity: "info", ts: null, at_ms: 0, data: null, ...change };
}

function setup() {
  const clock = new FakeClock();
  const center = new PopupCenter(clock);
  const shown: Popup[] = [];
  center.listen((popup) => shown.push(popup));
  return { clock, center, shown };
}

test("violent shaking pops up wherever one is, by either name", () => {
  const { center, shown } = setup();
  center.event(event("shake", { severity: "warning" }), 0);
  center.event(event("暴力震动"), 0);
  expect(shown).toHaveLength(2);
});

test("a sale pops up on its machine's page and on the fleet page only", () => {
  const { center, shown } = setup();
  center.event(event("vend_success"), 0);
  center.place = { name: "machine", vmId: "B" };
  center.event(event("vend_success"), 0);
  expect(shown).toHaveLength(0);
  center.place = { name: "machine", vmId: "A" };
  center.event(event("vend_success"), 0);
  center.place = { name: "fleet" };
  center.event(event("出餐成功"), 0);
  expect(shown).toHaveLength(2);
});

test("other events pop up when they are a warning or worse", () => {
  const { center, shown } = setup();
  center.event(event("door"), 0);
  center.event(event("door", { severity: "warning" }), 0);
  center.event(event("alarm", { severity: "critical" }), 0);
  expect(shown.map((popup) => popup.kind === "event" && popup.critical)).toEqual([false, true]);
});

test("an event that comes over two channels pops up once", () => {
  const { center, shown } = setup();
  const shake = event("shake");
  center.event(shake, 0);
  center.event(shake, 20);
  expect(shown).toHaveLength(1);
});

test("what was only caught up with does not pop up", () => {
  const { center, shown } = setup();
  center.event(event("shake"), 61_000);
  center.message("m1", "A", "old", 61_000);
  expect(shown).toHaveLength(0);
});

test("beyond ten in a minute there is one summary that counts on; critical ones still show", () => {
  const { clock, center, shown } = setup();
  for (let i = 0; i < 14; i++) center.event(event("shake"), 0);
  expect(shown.filter((popup) => popup.kind === "event")).toHaveLength(10);
  expect(shown.at(-1)).toEqual({ kind: "summary", count: 4 });
  center.event(event("alarm", { severity: "critical" }), 0);
  expect(shown.at(-1)?.kind).toBe("event");
  clock.advance(60_000);
  center.event(event("shake"), 0);
  expect(shown.at(-1)?.kind).toBe("event");
});

test("one's own command pops up when it went wrong, once per end", () => {
  const { center, shown } = setup();
  const command = { cmdId: "c1", vmId: "A", name: "restart", params: {}, detail: null, createdMs: 0, times: {} };
  for (const state of ["sent", "received", "running", "done", "failed", "failed"] as const) center.command({ ...command, state });
  expect(shown).toHaveLength(1);
});
