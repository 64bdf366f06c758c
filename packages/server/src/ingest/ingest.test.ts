import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Journal } from "@fleetcast/storage";
import { type IntakeRig, withRig } from "./testing/intake-rig.ts";

const document = `{
    "id": "VM-SH-001",
    "system": { "voltage": 224.2, "door_closed": true },
    "environment": { "temps": [-18.5, -18.2] },
    "ts": "2026-01-26T11:59:30Z"
}`;

function rule(name: string, run: (rig: IntakeRig) => Promise<void>, options = {}): void {
  test(name, () => withRig(options, run));
}

rule("[I1] the document's telemetry is a reading and a publication, acknowledged after the commit", async (rig) => {
  await rig.say("VM-SH-001", "telemetry", document);
  const [publication] = rig.on("telemetry:VM-SH-001");
  assert.equal(publication!.text, document.replaceAll("\n", ""));
  assert.deepEqual(publication!.tags, { at: String(rig.clock.wallMs()) });
  const series = await rig.journal.fleet.series("VM-SH-001", 0, Number.MAX_SAFE_INTEGER, 1_000);
  assert.equal(series.length, 1);
  assert.deepEqual([series[0]!.tempAvg, series[0]!.voltageAvg, series[0]!.doorAvg], [-18.5, 224.2, 1]);
  assert.deepEqual(await rig.deadLetters(), []);
});

rule("[I1] done is not called before the commit, and in the order of arrival", async (rig) => {
  const order: number[] = [];
  const all = Array.from({ length: 50 }, (_, index) => rig.say(`VM-${index % 3}`, "telemetry", { n: index }).then(() => order.push(index)));
  assert.equal(rig.unacknowledged, 50, "nothing is acknowledged in the call");
  await Promise.all(all);
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
});

rule("[I4] one machine's publications keep its order", async (rig) => {
  const sent = Array.from({ length: 300 }, (_, seq) => rig.say("VM-1", "telemetry", { boot: "b", seq }));
  await Promise.all(sent);
  assert.deepEqual(
    rig.on("telemetry:VM-1").map(({ json }) => json["seq"]),
    Array.from({ length: 300 }, (_, seq) => seq),
  );
});

rule("[I2] a redelivered identity is acknowledged and adds nothing", async (rig) => {
  const message = { system: { voltage: 220 }, boot: "b1", seq: 7 };
  await rig.say("VM-1", "telemetry", message);
  await rig.say("VM-1", "telemetry", message, { dup: true });
  assert.equal(rig.on("telemetry:VM-1").length, 1);
  const stats = rig.ingest.stats();
  assert.deepEqual([stats.stored, stats.duplicates, stats.deadLetters], [1, 1, 0]);
});

rule("[M30] one identity with another body: the first is kept, the second is a dead letter", async (rig) => {
  await rig.say("VM-1", "telemetry", { system: { voltage: 1 }, boot: "b1", seq: 7 });
  await rig.say("VM-1", "telemetry", { system: { voltage: 2 }, boot: "b1", seq: 7 });
  assert.equal(rig.on("telemetry:VM-1").length, 1);
  assert.equal(rig.ingest.stats().conflicts, 1);
  assert.equal((await rig.deadLetters()).length, 1);
  assert.equal(rig.fleet.state.find("VM-1")!.shown.voltageV, 1);
});

rule("[L10] half an identity is none: such messages are stored each time", async (rig) => {
  for (const half of [{ boot: "b" }, { seq: 3 }, {}]) {
    await rig.say("VM-1", "telemetry", half);
    await rig.say("VM-1", "telemetry", half);
  }
  assert.equal(rig.on("telemetry:VM-1").length, 6);
});

rule("[L10] sequence numbers that never came are counted", async (rig) => {
  await rig.say("VM-1", "telemetry", { boot: "b", seq: 1 });
  await rig.say("VM-1", "telemetry", { boot: "b", seq: 5 });
  assert.equal(rig.ingest.stats().missing, 3);
});

const refusedTelemetry: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["0 bytes", "", /^empty: /],
  ['""', '""', /^schema: the payload: expected an object/],
  ["text that is not JSON", "hello", /^not_json: not JSON at byte 0/],
  ["an array", "[]", /^schema: the payload: expected an object/],
  ["a number", "1", /^schema: /],
  ["gzip", Uint8Array.from([0x1f, 0x8b, 8, 0, 0]), /^not_json: /],
  ["CBOR", Uint8Array.from([0xa1, 0x61, 0x61, 1]), /^not_json: /],
  ["NaN", '{"system":{"voltage":NaN}}', /^not_json: /],
  ["Infinity", '{"system":{"voltage":Infinity}}', /^not_json: /],
  ["1e400", '{"x":1e400}', /^number_range: /],
  ["depth 65", `{"x":${"[".repeat(64)}${"]".repeat(64)}}`, /^too_deep: nested deeper than 64/],
  ["10,001 keys", `{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":0`).join()}}`, /^too_many_keys: /],
  ["U+0000", '{"x":"\\u0000"}', /^bad_text: the character U\+0000/],
  ["a lone surrogate", '{"x":"\\ud800"}', /^bad_text: half of a surrogate pair/],
  ["invalid UTF-8", Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /^bad_text: invalid UTF-8/],
  ["another machine's id", '{"id":"VM-2"}', /^wrong_machine: id/],
  ["an id that is a number", '{"id":1}', /^schema: id: expected/],
  ["voltage as text", '{"system":{"voltage":"220"}}', /^schema: system\.voltage: expected a number/],
  ["door_closed as a number", '{"system":{"door_closed":1}}', /^schema: system\.door_closed: expected true or false/],
  ["temps as a number", '{"environment":{"temps":-18}}', /^schema: environment\.temps: expected an array/],
  ["a temperature as text", '{"environment":{"temps":[-18,null,"x"]}}', /^schema: environment\.temps\[2\]: expected a number/],
  ["system as an array", '{"system":[]}', /^schema: system: expected an object/],
  ["ts as an object", '{"ts":{}}', /^schema: ts: expected a time/],
  ["ts as true", '{"ts":true}', /^schema: ts: expected a time/],
  ["boot as a number", '{"boot":1,"seq":1}', /^schema: boot: expected text/],
  ["an empty boot", '{"boot":"","seq":1}', /^schema: boot: expected text/],
  ["seq as a fraction", '{"boot":"b","seq":1.5}', /^schema: seq: expected a whole number/],
  ["seq below zero", '{"boot":"b","seq":-1}', /^schema: seq: /],
  ["seq above 2^53-1", '{"boot":"b","seq":9007199254740992}', /^schema: seq: /],
];
for (const [name, payload, reason] of refusedTelemetry) {
  rule(`[M30] [I3] refused, kept with its reason, acknowledged: ${name}`, async (rig) => {
    await rig.say("VM-1", "telemetry", payload);
    const [letter, ...more] = await rig.deadLetters();
    assert.equal(more.length, 0);
    assert.match(letter!.reason, reason);
    assert.equal(letter!.vmId, "VM-1");
    assert.equal(rig.published.length, 0);
    assert.equal(rig.fleet.state.size, 0, "no machine appears by a message that cannot be read");
    assert.equal(rig.ingest.stats().deadLetters, 1);
  });
}

rule(
  "[M30] a payload above the limit is a dead letter of its first bytes",
  async (rig) => {
    await rig.say("VM-1", "telemetry", `{"x":"${"y".repeat(2_000)}"}`);
    const [letter] = await rig.deadLetters();
    assert.match(letter!.reason, /^too_big: 2008 bytes, at most 1000/);
    assert.equal(letter!.text.length, 500);
  },
  { limits: { payloadBytesMax: 1_000, deadLetterBytesMax: 500 } },
);

const acceptedTelemetry: readonly (readonly [string, string])[] = [
  ["-0", '{"system":{"voltage":-0}}'],
  ["2^53+1", '{"x":9007199254740993}'],
  ["repeated keys", '{"a":1,"a":2}'],
  ["__proto__ and constructor", '{"__proto__":{"polluted":true},"constructor":{"prototype":1}}'],
  ["SQL, HTML and formulas", `{"a":"'; DROP TABLE reading;--","b":"<script>","c":"=1+1"}`],
  ["unknown fields, odd spaces", '{ "z" :\t[ 1 , {"q":null} ] }'],
  ["1e-400 and many digits", '{"a":1e-400,"b":0.1000000000000000055511151231257827}'],
  ["the document's section 5.1", '{"voltage":221.5,"msg":"实时电压波动"}'],
  ["nothing but an object", "{}"],
  [
    "nulls for what was not measured",
    '{"system":{"voltage":null,"door_closed":null},"environment":{"temps":[null,-3]},"ts":null,"id":null}',
  ],
  ["escaped names and id", '{"\\u0069d":"VM\\u002d1"}'],
];
for (const [name, payload] of acceptedTelemetry) {
  rule(`[M30] accepted, bytes kept: ${name}`, async (rig) => {
    await rig.say("VM-1", "telemetry", payload);
    const [publication] = rig.published.filter((row) => row.channel === "telemetry:VM-1");
    const sha = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
    assert.equal(sha(publication!.data), sha(payload));
    assert.deepEqual(await rig.deadLetters(), []);
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });
}

for (const [name, ts, late, deviceMs] of [
  ["0", 0, true, 0],
  ["1970", '"1970-01-01T00:00:00Z"', true, 0],
  ["9999", '"9999-12-31T23:59:59Z"', true, 253_402_300_799_000],
  ["negative", -5_000, true, -5_000],
  ["seconds for milliseconds", 1_769_428_800, true, 1_769_428_800],
  ["no time at all", '"yesterday"', true, null],
  ["a number beyond all dates", 1e300, true, null],
  ["23 hours ago", '"2026-01-25T13:00:00Z"', false, Date.UTC(2026, 0, 25, 13)],
  ["25 hours ago", '"2026-01-25T11:00:00Z"', true, Date.UTC(2026, 0, 25, 11)],
  ["with a zone", '"2026-01-26T20:00:00+08:00"', false, Date.UTC(2026, 0, 26, 12)],
  ["milliseconds", Date.UTC(2026, 0, 26, 11, 59), false, Date.UTC(2026, 0, 26, 11, 59)],
] as const) {
  rule(`[M30] a machine's time is never a reason to refuse: ${name}`, async (rig) => {
    let record: Record<string, unknown> | undefined;
    const { append } = rig.journal;
    rig.journal.append = (entry, done) => {
      record ??= entry.records.find(({ kind }) => kind === "reading") as Record<string, unknown> | undefined;
      append.call(rig.journal, entry, done);
    };
    const payload = `{"ts":${ts}}`;
    await rig.say("VM-1", "telemetry", payload);
    const [publication] = rig.on("telemetry:VM-1");
    assert.equal(publication!.text, payload);
    assert.equal(publication!.tags["late"], late ? "1" : undefined);
    assert.equal(publication!.tags["at"], String(rig.clock.wallMs()));
    assert.equal(record!["late"], late);
    assert.equal(record!["deviceTsMs"], deviceMs);
    assert.equal(rig.ingest.stats().late, late ? 1 : 0);
  });
}

rule("[I3] topics that are nobody's, or another machine's, are dead letters", async (rig) => {
  await rig.deliver({ topic: "elsewhere/x", payload: new Uint8Array([0x7b, 0x7d]), vmId: "VM-1" });
  await rig.deliver({ topic: "vm/VM-1/cmd", payload: new Uint8Array([0x7b, 0x7d]), vmId: "VM-1" });
  await rig.deliver({ topic: "vm/VM-2/telemetry", payload: new Uint8Array([0x7b, 0x7d]), vmId: "VM-1" });
  const reasons = (await rig.deadLetters()).map(({ reason, vmId }) => `${vmId} ${reason.split(":")[0]}`);
  assert.deepEqual(reasons, ["VM-1 foreign_topic", "VM-1 unknown_topic", "VM-1 unknown_topic"]);
  assert.deepEqual(rig.ingest.stats().deadLettersByReason, { unknown_topic: 2, foreign_topic: 1 });
});

rule("an unknown machine appears with its first message", async (rig) => {
  await rig.say("VM-SH-021", "telemetry", document.replace("001", "021"));
  const machine = await rig.fleet.service.machine("VM-SH-021");
  assert.equal(machine!.state, "online");
  assert.equal(machine!.temp_c, -18.5);
  assert.equal((await rig.journal.fleet.machine("VM-SH-021"))!.state, "online");
  assert.deepEqual(rig.eventTypes("VM-SH-021"), ["online"]);
});

rule(
  "an unknown machine is a dead letter where machines are added by hand only",
  async (rig) => {
    await rig.sayExternally("VM-9", "telemetry", "{}");
    assert.match((await rig.deadLetters())[0]!.reason, /^unknown_machine: /);
    assert.equal(await rig.journal.fleet.machine("VM-9"), undefined);
    rig.fleet.state.added("VM-9");
    await rig.sayExternally("VM-9", "telemetry", "{}");
    await rig.say("VM-10", "telemetry", "{}");
    assert.deepEqual(
      [...rig.fleet.state.machines()].map(({ vmId, shown }) => `${vmId} ${shown.state}`),
      ["VM-9 online", "VM-10 online"],
    );
  },
  { autoRegister: false },
);

rule("an event goes to its channel as it came; a generated id travels as a tag", async (rig) => {
  const own = '{"event_id":"E-1","type":"vend_success","data":{"slot":"A3"},"ts":"2026-01-26T11:59:59Z"}';
  const identified = '{"type":"door","boot":"b","seq":4}';
  await rig.say("VM-1", "events", own);
  await rig.say("VM-1", "events", identified);
  await rig.say("VM-1", "events", '{"type":"door"}');
  const [, first, second, third] = rig.on("events:VM-1");
  assert.deepEqual([first!.text, second!.text], [own, identified]);
  assert.equal(first!.tags["event_id"], undefined);
  assert.equal(second!.tags["event_id"], "e_VM-1.b.4");
  assert.match(third!.tags["event_id"]!, /^e_id\d+$/);
  const page = await rig.fleet.service.events({ vmId: "VM-1", type: "vend_success", limit: 10 });
  assert.deepEqual(page.events[0], {
    event_id: "E-1",
    vm_id: "VM-1",
    type: "vend_success",
    severity: "info",
    ts: "2026-01-26T11:59:59Z",
    at_ms: rig.clock.wallMs(),
    data: { slot: "A3" },
  });
});

for (const [name, payload, reason] of [
  ["no type", "{}", /^schema: type: required/],
  ["type null", '{"type":null}', /^schema: type: required/],
  ["type as a number", '{"type":3}', /^schema: type: expected text/],
  ["an unknown severity", '{"type":"x","severity":"fatal"}', /^schema: severity: expected one of info, warning, critical/],
  ["a long event_id", `{"type":"x","event_id":"${"i".repeat(129)}"}`, /^schema: event_id: /],
] as const) {
  rule(`an event that does not fit its schema is a dead letter: ${name}`, async (rig) => {
    await rig.say("VM-1", "events", payload);
    assert.match((await rig.deadLetters())[0]!.reason, reason);
  });
}

rule("a critical event is an alert for everybody around the machine's own bytes, in one transaction", async (rig) => {
  const event = '{ "type":"alarm",\n "severity":"critical", "n":9007199254740993, "n":1e2 }';
  await rig.say("VM-1", "events", event);
  await rig.say("VM-1", "events", event);
  const [raised, updated] = rig.on("p_alert:global");
  assert.ok(raised!.text.endsWith(`,"change":"raised","event":${event.replace("\n", "")}}`));
  const alarm = raised!.json["alarm"] as Record<string, unknown>;
  assert.deepEqual(
    [alarm["vm_id"], alarm["type"], alarm["severity"], alarm["count"], alarm["raised_at"]],
    ["VM-1", "alarm", "critical", 1, new Date(rig.clock.wallMs()).toISOString()],
  );
  assert.equal(updated!.json["change"], "updated");
  assert.equal((updated!.json["alarm"] as Record<string, unknown>)["id"], alarm["id"]);
  assert.equal(rig.fleet.state.find("VM-1")!.shown.worstAlarm, "critical");
});

rule("a repeated critical event raises nothing twice, also after a restart", async (rig) => {
  const event = { type: "alarm", severity: "critical", boot: "b", seq: 1 };
  await rig.say("VM-1", "events", event);
  await rig.say("VM-1", "events", event);
  assert.equal(rig.on("p_alert:global").length, 1);
  assert.equal([...rig.fleet.state.find("VM-1")!.alarms.values()][0]!.count, 1);
});

rule("[P5] data of an event is stored as it came, without raw line breaks outside strings", async (rig) => {
  await rig.say("VM-1", "events", '{"type":"x",\n"data":\n{"a":\n1e2,"a":2}}\n');
  const [row] = await rig.journal.fleet.events({ type: "x", limit: 1 });
  assert.equal(new TextDecoder().decode(row!.data), '{"a":1e2,"a":2}');
});

rule("an external broker's retained copy is not a message: nothing is stored, it is acknowledged", async (rig) => {
  await rig.sayExternally("VM-1", "telemetry", "{}", { retain: true });
  await rig.sayExternally("VM-1", "events", '{"type":"x"}', { retain: true });
  assert.equal(rig.published.length, 0);
  assert.equal(rig.ingest.stats().ignored, 2);
  assert.equal(rig.fleet.state.size, 0);
});

rule(
  "[F20] a machine above its rate is counted, and nothing of it is lost",
  async (rig) => {
    await Promise.all(Array.from({ length: 25 }, (_, seq) => rig.say("VM-1", "telemetry", { boot: "b", seq })));
    assert.equal(rig.ingest.stats().overRate, 15);
    assert.equal(rig.ingest.stats().stored, 25);
  },
  { limits: { ratePerSecondMax: 10 } },
);

rule("[I3] a mistake of ours keeps the message as a dead letter and stops nothing", async (rig) => {
  const broken = rig.fleet.state.find;
  rig.fleet.state.find = () => {
    throw new Error("planted");
  };
  await rig.say("VM-1", "telemetry", "{}");
  rig.fleet.state.find = broken;
  await rig.say("VM-1", "telemetry", "{}");
  assert.match((await rig.deadLetters())[0]!.reason, /^internal: /);
  assert.equal(rig.ingest.stats().stored, 1);
  assert.ok(rig.logged.includes("judging a message failed"));
});

test("[D1] a store that is closed acknowledges nothing", async () => {
  const refusing = (journal: Journal): Journal =>
    new Proxy(journal, {
      get(target, name) {
        if (name === "append" && closed) {
          return () => {
            throw new Error("the journal is closed");
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  let closed = false;
  await withRig({ wrap: refusing }, async (rig) => {
    closed = true;
    await assert.rejects(rig.say("VM-1", "telemetry", "{}"), /the journal is closed/);
    closed = false;
    await rig.say("VM-1", "telemetry", "{}");
    assert.ok(rig.fleet.state.receiveClock.completeThroughMs() > 0);
  });
});
