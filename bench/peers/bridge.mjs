// What a team writes by hand: Mosquitto -> Node -> PostgreSQL -> Centrifugo. Batches of 500 rows or 5 ms, then one
// /api/batch. Written as well as such a bridge usually is: multi-row inserts, keep-alive, order kept per batch.
//   node bridge.mjs '{"mqtt":"mqtt://...","postgres":"postgres://...","centrifugo":"http://127.0.0.1:8001","key":"..."}'
import { Agent, request } from "node:http";
import mqtt from "mqtt";
import pg from "pg";

const options = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ connectionString: options.postgres, max: 2 });
await pool.query(
  "CREATE TABLE IF NOT EXISTS telemetry (id bigserial PRIMARY KEY, vm text NOT NULL, at timestamptz NOT NULL DEFAULT now(), data jsonb NOT NULL)",
);
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const target = new URL(`${options.centrifugo}/api/batch`);

const pending = [];
let timer;
let running = false;

function post(body) {
  return new Promise((resolve, reject) => {
    const out = request(
      target,
      {
        method: "POST",
        agent,
        headers: { "X-API-Key": options.key, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
      },
      (answer) => {
        answer.resume();
        answer.on("end", () => (answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`))));
      },
    );
    out.on("error", reject);
    out.end(body);
  });
}

async function flush() {
  clearTimeout(timer);
  timer = undefined;
  if (running) return;
  running = true;
  while (pending.length > 0) {
    const batch = pending.splice(0, 500);
    const values = [];
    const places = batch.map((row, i) => {
      values.push(row.vm, row.text);
      return `($${i * 2 + 1}, $${i * 2 + 2})`;
    });
    await pool.query(`INSERT INTO telemetry (vm, data) VALUES ${places.join(",")}`, values);
    await post(JSON.stringify({ commands: batch.map((row) => ({ publish: { channel: `telemetry:${row.vm}`, data: row.data } })) }));
  }
  running = false;
}

const client = mqtt.connect(options.mqtt, { clientId: "bridge", clean: false });
client.on("message", (topic, payload) => {
  const text = payload.toString("utf8");
  pending.push({ vm: topic.split("/")[1], text, data: JSON.parse(text) });
  if (pending.length >= 500) void flush();
  else timer ??= setTimeout(() => void flush(), 5);
});
client.subscribe("vm/+/telemetry", { qos: 1 }, () => process.stdout.write("bridge ready\n"));
