// Virtual machines on the official MQTT.js client: telemetry with boot and seq at QoS 1, every send and every
// acknowledgement written to a ledger. Runs on Node, as a machine's owner would run it.
//   node devices.mjs '{"url":"mqtt://...","ledger":"file","count":20,"perSecond":10,"prefix":"VM-T-"}'
// "stop" on standard input: no new messages, wait until all are acknowledged, print "drained", exit 0.
import { createHash, randomBytes } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import mqtt from "mqtt";

const options = JSON.parse(process.argv[2]);
const ledger = openSync(options.ledger, "a");
const write = (line) => writeSync(ledger, `${JSON.stringify({ ...line, mono: performance.now() })}\n`);
const inFlightMax = options.inFlightMax ?? 100;
let stopping = false;
let unacknowledged = 0;
let connected = 0;

function startMachine(number) {
  const vm = `${options.prefix}${String(number).padStart(3, "0")}`;
  const boot = randomBytes(6).toString("hex");
  let seq = 0;
  let mine = 0;
  const client = mqtt.connect(options.url, {
    clientId: vm,
    username: vm,
    password: options.passwords?.[vm],
    clean: false,
    reconnectPeriod: 150,
    connectTimeout: options.connectTimeoutMs ?? 3_000,
    keepalive: 20,
  });
  client.on("error", () => {}); // A killed server refuses the connection for a moment; the client comes back by itself.
  client.once("connect", () => {
    if (++connected === options.count) process.stdout.write("all connected\n");
    client.on("close", () => {
      if (!stopping) process.stdout.write(`closed ${vm}\n`);
    });
  });
  const timer = setInterval(() => {
    if (stopping) return clearInterval(timer);
    if (mine >= inFlightMax) return;
    const at = ++seq;
    const payload = JSON.stringify({
      id: vm,
      system: { voltage: 220 + (at % 70) / 10, door_closed: at % 9 !== 0 },
      environment: { temps: [-18.5 + (at % 11) / 10, -18.2] },
      ts: new Date().toISOString(),
      boot,
      seq: at,
    });
    write({ t: "sent", vm, boot, seq: at, sha256: createHash("sha256").update(payload).digest("hex") });
    unacknowledged++;
    mine++;
    client.publish(`vm/${vm}/telemetry`, payload, { qos: 1 }, (error) => {
      // MQTT.js gives up what was published while it was still repeating older messages when the connection closed.
      // Nothing was promised for it: it is not counted as acknowledged.
      if (!error) write({ t: "acked", vm, boot, seq: at });
      unacknowledged--;
      mine--;
    });
  }, 1_000 / options.perSecond);
}

for (let number = 1; number <= options.count; number++) startMachine(number);
process.stdout.write("started\n");

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line !== "stop") return;
  stopping = true;
  const poll = setInterval(() => {
    if (unacknowledged > 0) return;
    clearInterval(poll);
    process.stdout.write("drained\n", () => process.exit(0));
  }, 20);
});
