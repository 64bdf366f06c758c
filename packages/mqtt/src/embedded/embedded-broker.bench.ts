import { spawn } from "node:child_process";
import { join } from "node:path";
import { realClock } from "../../testing/real-clock.ts";
import type { InboundMessage } from "../intake.ts";
import { createEmbeddedBroker } from "./embedded-broker.ts";

/**
 * CPU of the embedded broker for one QoS 1 publish, guard and PUBACK included, the handler free: `bun embedded-broker.bench.ts`.
 * The load is another process. `batched`: done() is called for all messages of 2 ms at once, as a journal's commit does.
 */
interface Row {
  readonly name: string;
  readonly devices: number;
  readonly window: number;
  readonly rate: number;
  readonly batched: boolean;
}
const rows: readonly Row[] = [
  { name: "1 device, window 100, as fast as answered", devices: 1, window: 100, rate: 0, batched: false },
  { name: "50 devices, window 100, as fast as answered", devices: 50, window: 100, rate: 0, batched: false },
  { name: "200 devices, 1,000 messages/s", devices: 200, window: 10, rate: 1_000, batched: true },
  { name: "200 devices, 5,000 messages/s", devices: 200, window: 10, rate: 5_000, batched: true },
  { name: "200 devices, 10,000 messages/s", devices: 200, window: 10, rate: 10_000, batched: true },
];
const seconds = Number(process.argv[2] ?? 4);

async function measure(row: Row): Promise<string> {
  let waiting: Array<() => void> = [];
  const commit = setInterval(() => {
    const stored = waiting;
    waiting = [];
    for (const done of stored) done();
  }, 2);
  const message = (_message: InboundMessage, done: () => void): void => {
    if (row.batched) waiting.push(done);
    else done();
  };
  const broker = createEmbeddedBroker({
    addresses: ["127.0.0.1"],
    port: 0,
    clock: realClock,
    handler: { message, authenticate: async ({ username = "" }) => ({ ok: true, vmId: username }) },
  });
  await broker.start();
  const load = spawn(
    process.execPath,
    [join(import.meta.dirname, "../../testing/publish-load.ts"), ...[broker.port, row.devices, row.window, seconds, row.rate].map(String)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  let begin: NodeJS.CpuUsage | undefined;
  load.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    begin ??= process.cpuUsage();
  });
  await new Promise((resolve) => load.once("exit", resolve));
  const { user, system } = process.cpuUsage(begin);
  clearInterval(commit);
  const { acknowledged, perSecond } = JSON.parse(output.split("\n").at(-2) ?? "{}") as { acknowledged: number; perSecond: number };
  await broker.stop();
  const each = (microseconds: number): string => (microseconds / acknowledged).toFixed(2);
  return `${row.name}: ${perSecond} messages/s, ${each(user + system)} µs CPU a message (user ${each(user)}, system ${each(system)})`;
}

for (const row of rows) process.stdout.write(`${await measure(row)}\n`);
