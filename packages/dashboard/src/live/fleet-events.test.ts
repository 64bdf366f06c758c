import { expect, test } from "vitest";
import { type EventOrigin, readEvent, readFeed, readNotice } from "./fleet-events.ts";

const origin: EventOrigin = { channel: "events:VM-1", offset: 9, atMs: 1_000, tags: undefined };

test("a machine's event in the shape of the screens", () => {
  const event = readEvent(
    { id: "VM-1", event_id: "x1", type: "shake", severity: "warning", ts: "2026-01-26T14:50:00Z", data: { g: 3 } },
    "VM-1",
    origin,
  );
  expect(event).toEqual({
    event_id: "x1",
    vm_id: "VM-1",
    type: "shake",
    severity: "warning",
    ts: "2026-01-26T14:50:00Z",
    at_ms: 1_000,
    data: { g: 3 },
  });
});

test("an event without an id is known by its position, so that it is shown once", () => {
  const first = readEvent({ type: "vend_success" }, "VM-1", origin);
  const again = readEvent({ type: "vend_success" }, "VM-1", origin);
  const next = readEvent({ type: "vend_success" }, "VM-1", { ...origin, offset: 10 });
  expect(first?.event_id).toBe(again?.event_id);
  expect(first?.event_id).not.toBe(next?.event_id);
});

test("what has no type is no event; an unknown severity is the mildest", () => {
  expect(readEvent({ severity: "critical" }, "VM-1", origin)).toBeNull();
  expect(readEvent("text", "VM-1", origin)).toBeNull();
  expect(readEvent({ type: "x", severity: "apocalyptic" }, "VM-1", origin)?.severity).toBe("info");
});

test("a feed is a batch, bare or named; items that name no machine are left out", () => {
  const batch = [{ vm_id: "A", type: "online" }, { type: "lost" }, { id: "B", type: "offline" }];
  expect(readFeed(batch, origin).map((event) => event.vm_id)).toEqual(["A", "B"]);
  expect(readFeed({ events: batch }, origin).map((event) => event.vm_id)).toEqual(["A", "B"]);
  const ids = readFeed(batch, origin).map((event) => event.event_id);
  expect(new Set(ids).size).toBe(2);
});

test("the document's broadcast is a critical notice", () => {
  const notice = readNotice({ level: "P0", content: "服务器集群将于凌晨 2 点进行系统升级" }, { ...origin, channel: "p_alert:global" });
  expect(notice).toMatchObject({ critical: true, level: "P0", content: "服务器集群将于凌晨 2 点进行系统升级", event: null });
});

test.each([
  ["P1", false],
  ["info", false],
  ["critical", true],
  ["p0", true],
  ["", false],
])("level %j: critical %j", (level, critical) => {
  expect(readNotice({ level, content: "text" }, origin)?.critical).toBe(critical);
});

test("an alarm of a machine, and its repeats, are one notice", () => {
  const alarm = { id: "al7", event_id: "e1", vm_id: "VM-3", type: "temperature_high", severity: "critical", count: 1 };
  const raised = readNotice({ alarm, change: "raised", event: {} }, origin);
  const updated = readNotice({ alarm: { ...alarm, event_id: "e2", count: 2 }, change: "updated", event: {} }, { ...origin, offset: 10 });
  expect(raised).toMatchObject({ critical: true, content: null, event: { vm_id: "VM-3", type: "temperature_high", event_id: "e1" } });
  expect(updated?.id).toBe(raised?.id);
});

test("what says nothing to anybody is no notice", () => {
  for (const data of [null, 5, {}, { level: "P0" }, []]) expect(readNotice(data, origin)).toBeNull();
});
