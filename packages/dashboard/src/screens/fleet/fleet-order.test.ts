import type { FleetRow } from "@fleetcast/protocol";
import { expect, test } from "vitest";
import { keepOrder, orderFleet } from "./fleet-order.ts";

function row(vmId: string, change: Partial<FleetRow> = {}): FleetRow {
  return {
    vm_id: vmId,
    rev: 1,
    name: `name of ${vmId}`,
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

const rows = [
  row("VM-10"),
  row("VM-2"),
  row("VM-3", { state: "offline", temp_c: null, last_seen_ms: null }),
  row("VM-4", { worst_alarm: "critical", temp_c: -11 }),
  row("VM-5", { worst_alarm: "warning", last_seen_ms: 9 }),
  row("VM-6", { state: "unknown" }),
];
const all = { filter: "all", sort: "worst", search: "" } as const;

test("the worst first, equal ones by number", () => {
  expect(orderFleet(rows, all)).toEqual(["VM-4", "VM-5", "VM-3", "VM-6", "VM-2", "VM-10"]);
});

test("filters mean what the tiles count: unknown is not online", () => {
  expect(orderFleet(rows, { ...all, filter: "online" })).not.toContain("VM-6");
  expect(orderFleet(rows, { ...all, filter: "offline" })).toEqual(["VM-3", "VM-6"]);
  expect(orderFleet(rows, { ...all, filter: "alarm" })).toEqual(["VM-4", "VM-5"]);
});

test("search looks into id and name and ignores case", () => {
  expect(orderFleet(rows, { ...all, search: " vm-1 " })).toEqual(["VM-10"]);
  expect(orderFleet([row("A", { name: "静安寺" })], { ...all, search: "静安" })).toEqual(["A"]);
});

test("machines without a value come last", () => {
  expect(orderFleet(rows, { ...all, sort: "temp" })[0]).toBe("VM-4");
  expect(orderFleet(rows, { ...all, sort: "temp" }).at(-1)).toBe("VM-3");
  expect(orderFleet(rows, { ...all, sort: "seen" })[0]).toBe("VM-5");
  expect(orderFleet(rows, { ...all, sort: "seen" }).at(-1)).toBe("VM-3");
});

test("under the pointer nothing moves: the new come last, the gone go", () => {
  expect(keepOrder(["A", "B", "C"], ["C", "D", "A"])).toEqual(["A", "C", "D"]);
});
