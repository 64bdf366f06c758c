import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { timeOfText } from "./device-time.ts";
import { ackSchema, eventSchema, type Schema, statusSchema, telemetrySchema } from "./messages.ts";
import { defaultPayloadLimits } from "./payload-reader.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const vmId = "VM-1";

function read<Message>(schema: Schema<Message>, value: unknown): Message | undefined {
  schema.reader.open(bytes(JSON.stringify(value)));
  const message = schema.reader.refused === undefined ? schema.read(vmId) : undefined;
  assert.equal(message === undefined, schema.reader.refused !== undefined, "a message or a refusal, never both, never neither");
  return message;
}

const anything = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    2 ** 53,
    "",
    vmId,
    "VM-2",
    "x",
    "offline",
    "done",
    "critical",
    [],
    {},
    [1, null],
    [null, "x"],
  ),
  fc.string({ maxLength: 140 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.array(fc.oneof(fc.integer(), fc.constant(null)), { maxLength: 4 }),
);
/** Objects in which each known field is there or not, and of any kind. */
const message = (...names: string[]): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] });

const absent = (value: unknown): boolean => value === undefined || value === null;
const isText = (value: unknown, lengthMax: number): boolean => typeof value === "string" && value.length > 0 && value.length <= lengthMax;
/** The machine's JSON is written by `JSON.stringify`, which writes -0 as 0. */
const isCounter = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown): boolean => typeof value === "string" || typeof value === "number";

/** The rules of docs/spec/ingest.md section 2 for the fields that every message may have, said a second time. */
function commonFieldsFit({ id, boot, seq, ts }: Record<string, unknown>): boolean {
  return (absent(id) || id === vmId) && (absent(boot) || isText(boot, 64)) && (absent(seq) || isCounter(seq)) && (absent(ts) || isTime(ts));
}

function wellFormed(value: unknown): boolean {
  const text = JSON.stringify(value);
  return !text.includes("\\u0000") && !/\\ud[89a-f]/.test(text);
}

test("[G12] telemetry: taken exactly where every known field fits, and read as JSON.parse reads it", () => {
  const schema = telemetrySchema(defaultPayloadLimits);
  const system = fc.oneof(anything, message("voltage", "door_closed"));
  const environment = fc.oneof(anything, message("temps"));
  const telemetry = fc.tuple(
    message("id", "boot", "seq", "ts", "voltage"),
    fc.option(system, { nil: undefined }),
    fc.option(environment, { nil: undefined }),
  );
  fc.assert(
    fc.property(telemetry, ([rest, inner, outer]) => {
      const value: Record<string, unknown> = {
        ...rest,
        ...(inner === undefined ? {} : { system: inner }),
        ...(outer === undefined ? {} : { environment: outer }),
      };
      if (!wellFormed(value)) return;
      const isObject = (part: unknown): part is Record<string, unknown> =>
        typeof part === "object" && part !== null && !Array.isArray(part);
      const { voltage, door_closed: door } = isObject(inner) ? inner : {};
      const { temps } = isObject(outer) ? outer : {};
      const fits =
        commonFieldsFit(value) &&
        (absent(inner) || isObject(inner)) &&
        (absent(outer) || isObject(outer)) &&
        (absent(voltage) || typeof voltage === "number") &&
        (absent(door) || typeof door === "boolean") &&
        (absent(temps) || (Array.isArray(temps) && temps.every((item) => item === null || typeof item === "number")));
      const read_ = read(schema, value);
      assert.equal(read_ !== undefined, fits, JSON.stringify(value));
      if (read_ === undefined) return;
      const plain = JSON.parse(JSON.stringify({ voltage, flat: value["voltage"], temps })) as Record<string, unknown>;
      const flat = typeof plain["flat"] === "number" ? plain["flat"] : null;
      assert.equal(read_.voltageV, plain["voltage"] ?? flat);
      assert.equal(read_.doorClosed, door ?? null);
      assert.equal(read_.tempC, ((plain["temps"] ?? []) as (number | null)[]).find((item) => item !== null) ?? null);
    }),
    { numRuns: 4_000 },
  );
});

test("[G12] events, status and acknowledgements: taken exactly where every known field fits", () => {
  const events = eventSchema(defaultPayloadLimits);
  const statuses = statusSchema(defaultPayloadLimits);
  const acks = ackSchema(defaultPayloadLimits);
  const all = message("id", "boot", "seq", "ts", "type", "severity", "event_id", "data", "state", "cmd_id", "detail");
  fc.assert(
    fc.property(all, (value) => {
      if (!wellFormed(value)) return;
      const { type, severity, event_id: eventId, state, cmd_id: cmdId, detail } = value;
      const common = commonFieldsFit(value);
      const hint = JSON.stringify(value);
      const event = read(events, value);
      const severityFits = absent(severity) || ["info", "warning", "critical"].includes(severity as string);
      assert.equal(event !== undefined, common && isText(type, 64) && severityFits && (absent(eventId) || isText(eventId, 128)), hint);
      if (event !== undefined)
        assert.deepEqual(JSON.parse(new TextDecoder().decode(event.data)), JSON.parse(JSON.stringify(value["data"] ?? null)));
      assert.equal(read(statuses, value) !== undefined, common && (state === "online" || state === "offline"), hint);
      const ackState = ["received", "running", "done", "failed", "rejected"].includes(state as string);
      assert.equal(
        read(acks, value) !== undefined,
        common && isText(cmdId, 64) && ackState && (absent(detail) || typeof detail === "string"),
        hint,
      );
    }),
    { numRuns: 4_000 },
  );
});

const timeOf = (text: string): number | null => timeOfText(bytes(text), 0, bytes(text).length);

test("a time in ISO 8601 is what Date says, with and without zone and fraction", () => {
  const noZone = fc
    .date({ noInvalidDate: true, min: new Date(-8.6e15), max: new Date(8.6e15) })
    .map((date) => date.toISOString().slice(0, -1));
  fc.assert(
    fc.property(noZone, fc.constantFrom("Z", "+08:00", "-03:30", "+00:00", ""), (text, zone) => {
      assert.equal(timeOf(text + zone), Date.parse(text + (zone === "" ? "Z" : zone)), text + zone);
    }),
    { numRuns: 2_000 },
  );
});

for (const [text, expected] of [
  ["2026-01-26T14:50:00Z", "2026-01-26T14:50:00.000Z"],
  ["2026-01-26 14:50:00", "2026-01-26T14:50:00.000Z"],
  ["2026-01-26T14:50Z", "2026-01-26T14:50:00.000Z"],
  ["2026-01-26T14:50:00.123456789Z", "2026-01-26T14:50:00.123Z"],
  ["2026-01-26T22:50:00+0800", "2026-01-26T14:50:00.000Z"],
  ["2026-01-26T22:50:00+08", "2026-01-26T14:50:00.000Z"],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
  ["-000001-01-01T00:00:00Z", "-000001-01-01T00:00:00.000Z"],
] as const) {
  test(`a time: ${text}`, () => assert.equal(timeOf(text), Date.parse(expected)));
}

for (const text of [
  "",
  "yesterday",
  "2026",
  "2026-01-26",
  "2026-13-01T00:00:00Z",
  "2023-02-29T00:00:00Z",
  "2026-01-26T25:00:00Z",
  "2026-01-26T14:60:00Z",
  "2026-01-26T14:50:00Zx",
  "2026-01-26T14:50:00+",
  "2026-01-26T14:50:00.Z",
  "2026-01-26T14:5",
  "1769438400",
]) {
  test(`no time: "${text}"`, () => assert.equal(timeOf(text), null));
}
