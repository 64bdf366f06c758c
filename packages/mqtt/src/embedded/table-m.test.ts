import assert from "node:assert/strict";
import { test } from "node:test";
import { withBroker } from "../../testing/embedded.ts";
import { openMosquittoConf, startMosquitto, withoutMosquitto } from "../../testing/mosquitto.ts";
import { outcome } from "../../testing/outcome.ts";
import { type TableRow, tableM } from "../../testing/table-m.ts";

/** Rows a few at a time: most of their duration is waiting. */
async function inParallel(rows: readonly TableRow[], judge: (row: TableRow) => Promise<void>): Promise<void> {
  const queue = [...rows];
  const worker = async (): Promise<void> => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) await judge(row);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

test("[M1-M19] every row of table M on the embedded broker: outcome, count, nothing reaches the handler", { timeout: 60_000 }, async () => {
  const failures: string[] = [];
  await withBroker(async ({ port, broker, handler }) => {
    // One after the other: the counts before and after belong to one row.
    for (const row of tableM) {
      const before = row.reason === undefined ? 0 : (broker.stats.refused.get(row.reason) ?? 0);
      const messages = handler.messages.length;
      const got = await outcome(port, row.bytes);
      if (got !== row.fleetcast) failures.push(`${row.id} ${row.name}: ${got}, expected ${row.fleetcast}`);
      if (row.reason !== undefined && broker.stats.refused.get(row.reason) !== before + 1) {
        failures.push(`${row.id} ${row.name}: not counted as ${row.reason}: ${JSON.stringify([...broker.stats.refused])}`);
      }
      if (row.fleetcast.endsWith("close") && handler.messages.length !== messages)
        failures.push(`${row.id} ${row.name}: reached the handler`);
    }
  });
  assert.deepEqual(failures, []);
});

test("[D6] table M on the real Mosquitto: where we differ, the row says why", { skip: withoutMosquitto(), timeout: 60_000 }, async () => {
  const mosquitto = await startMosquitto({ conf: openMosquittoConf });
  const failures: string[] = [];
  try {
    // Clients with one id would take each other over: each row gets its own time on the broker.
    for (const row of tableM) {
      if (row.mosquitto === "any") continue;
      const got = await outcome(mosquitto.port, row.bytes, 500);
      if (got !== row.mosquitto) failures.push(`${row.id} ${row.name}: ${got}, expected ${row.mosquitto}`);
    }
  } finally {
    await mosquitto.stop();
  }
  assert.deepEqual(failures, []);
  const unexplained = tableM.filter((row) => row.mosquitto !== row.fleetcast && row.mosquitto !== "any" && row.because === undefined);
  assert.deepEqual(unexplained, []);
});

test("[M16] the refusal of MQTT 5 says in the log what to do", async () => {
  await withBroker(async ({ port, warnings }) => {
    const row = tableM.find(({ id }) => id === "M16") as TableRow;
    await outcome(port, row.bytes);
    assert.ok(warnings.some((line) => line.includes("MQTT 5") && line.includes("mqtt.broker")));
  });
});

test("[F21] a flood of bad packets is one log line a reason, without any of their bytes", async () => {
  await withBroker(async ({ port, warnings, broker }) => {
    const rows = Array.from({ length: 40 }, () => tableM.find(({ reason }) => reason === "password_without_user_name") as TableRow);
    await inParallel(rows, async (row) => void (await outcome(port, row.bytes)));
    assert.equal(broker.stats.refused.get("password_without_user_name"), 40);
    assert.equal(warnings.length, 1);
  });
});
