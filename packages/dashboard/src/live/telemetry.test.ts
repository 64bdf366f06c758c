import { expect, test } from "vitest";
import { readTags, readTelemetry, readTime } from "./telemetry.ts";

test("the document's telemetry", () => {
  const data = {
    id: "VM-SH-001",
    system: { voltage: 224.2, door_closed: true },
    environment: { temps: [-18.5, -18.2] },
    ts: "2026-01-26T14:50:00Z",
  };
  expect(readTelemetry(data)).toEqual({
    values: { voltage_v: 224.2, temp_c: -18.5, door_closed: 1 },
    message: null,
    device: true,
    tsMs: Date.UTC(2026, 0, 26, 14, 50),
  });
});

test("the document's section 5.1: a known number joins its chart, the text is for people", () => {
  expect(readTelemetry({ voltage: 221.5, msg: "实时电压波动" })).toEqual({
    values: { voltage_v: 221.5 },
    message: "实时电压波动",
    device: false,
    tsMs: null,
  });
});

test("numbers that are no quantity of ours are left alone", () => {
  expect(readTelemetry({ cpu: 12, humidity: 50 }).values).toEqual({});
});

test.each([
  null,
  1,
  "text",
  [],
  { system: "no", environment: [] },
  { environment: { temps: "cold" } },
  { environment: { temps: [null, "x"] } },
  { voltage: "220" },
])("a payload of another shape is read as nothing: %j", (data) => {
  expect(readTelemetry(data).values).toEqual({});
});

test("the first temperature that is a number counts", () => {
  expect(readTelemetry({ environment: { temps: [null, -17.9] } }).values.temp_c).toBe(-17.9);
});

test("tags", () => {
  expect(readTags({ at: "1769439000000" })).toEqual({ atMs: 1_769_439_000_000, late: false });
  expect(readTags({ at: "2026-01-26T14:50:00Z", late: "1" })).toEqual({ atMs: Date.UTC(2026, 0, 26, 14, 50), late: true });
  expect(readTags({ at: "yesterday", late: "0" })).toEqual({ atMs: null, late: false });
  expect(readTags(undefined)).toEqual({ atMs: null, late: false });
});

test("times that are none are null", () => {
  for (const value of [undefined, null, "", "soon", Number.NaN, {}]) expect(readTime(value)).toBeNull();
});
