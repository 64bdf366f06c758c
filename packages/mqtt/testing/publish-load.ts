import net from "node:net";
import { connect, publish } from "./bytes.ts";

/**
 * The load of the broker's bench, in a process of its own: raw sockets that write packets encoded beforehand and count the
 * bytes of the PUBACKs. `bun publish-load.ts PORT DEVICES WINDOW SECONDS RATE` (RATE 0: as fast as they are answered).
 */
const [port = 0, devices = 1, window = 100, seconds = 5, rate = 0] = process.argv.slice(2).map(Number);
const payload =
  '{"id":"VM-SH-001","system":{"voltage":224.2,"door_closed":true},"environment":{"temps":[-18.5,-18.2]},"ts":"2026-01-26T14:50:00Z","boot":"a1b2c3d4","seq":1234567}';
const endMs = performance.now() + seconds * 1_000;
let acknowledged = 0;

class LoadDevice {
  readonly #socket: net.Socket;
  readonly #packets: Buffer[];
  #connected = false;
  #ackBytes = 0;
  #sent = 0;
  #acked = 0;

  constructor(number: number) {
    const name = `LOAD-${number}`;
    // Packet ids repeat after the window; each is answered before it is used again.
    this.#packets = Array.from({ length: window }, (_, index) => publish(`vm/${name}/telemetry`, payload, { qos: 1, id: index + 1 }));
    this.#socket = net.connect({ port, host: "127.0.0.1" });
    this.#socket.setNoDelay(true);
    this.#socket.on("connect", () => this.#socket.write(connect({ username: name, clientId: name })));
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk.length));
    this.#socket.on("error", (error) => process.stderr.write(`${error.message}\n`));
  }

  get connected(): boolean {
    return this.#connected;
  }

  send(count: number): void {
    const room = Math.min(count, window - (this.#sent - this.#acked));
    if (room <= 0) return;
    const parts: Buffer[] = [];
    for (let index = 0; index < room; index++) parts.push(this.#packets[this.#sent++ % window] as Buffer);
    this.#socket.write(Buffer.concat(parts));
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: number): void {
    if (!this.#connected) {
      this.#connected = true;
      return;
    }
    this.#ackBytes += bytes;
    const acked = Math.floor(this.#ackBytes / 4);
    acknowledged += acked - this.#acked;
    this.#acked = acked;
    if (rate === 0 && performance.now() < endMs && this.#sent - this.#acked <= window / 2) this.send(window);
  }
}

const fleet = Array.from({ length: devices }, (_, index) => new LoadDevice(index));
while (fleet.some((device) => !device.connected)) await new Promise((resolve) => setTimeout(resolve, 10));
process.stdout.write("ready\n");
const startMs = performance.now();
if (rate === 0) for (const device of fleet) device.send(window);
let turn = 0;
let sent = 0;
while (performance.now() < endMs) {
  await new Promise((resolve) => setTimeout(resolve, 1));
  const due = rate === 0 ? 0 : Math.floor(((performance.now() - startMs) / 1_000) * rate) - sent;
  for (let index = 0; index < due; index++) fleet[turn++ % devices]?.send(1);
  sent += Math.max(0, due);
}
const elapsedS = (performance.now() - startMs) / 1_000;
await new Promise((resolve) => setTimeout(resolve, 200));
for (const device of fleet) device.close();
process.stdout.write(`${JSON.stringify({ acknowledged, perSecond: Math.round(acknowledged / elapsedS) })}\n`);
