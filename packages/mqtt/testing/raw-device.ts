import net from "node:net";
import { type ConnectFields, connect as connectBytes } from "./bytes.ts";
import { until } from "./real-clock.ts";

export interface ReceivedPacket {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

/** A device on a bare TCP socket: writes any bytes, and takes apart what comes back. */
export class RawDevice {
  readonly packets: ReceivedPacket[] = [];
  closed = false;
  readonly #socket: net.Socket;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("error", () => undefined);
  }

  static open(port: number, host = "127.0.0.1"): Promise<RawDevice> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawDevice(socket)));
    });
  }

  static async connected(port: number, fields: ConnectFields = {}): Promise<RawDevice> {
    const device = await RawDevice.open(port);
    device.write(connectBytes(fields));
    const connack = await device.next(2);
    if (connack.body[1] !== 0) throw new Error(`CONNACK code ${connack.body[1]}`);
    return device;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Reads no more: a device whose receive window fills up. */
  stopReading(): void {
    this.#socket.pause();
  }

  readAgain(): void {
    this.#socket.resume();
  }

  /** Without a DISCONNECT. */
  cut(): void {
    this.#socket.destroy();
  }

  end(): void {
    this.#socket.end();
  }

  /** Removes and answers the next packet of a type. */
  async next(type: number, limitMs = 5_000): Promise<ReceivedPacket> {
    let found = -1;
    await until(
      () => {
        found = this.packets.findIndex((packet) => packet.type === type);
        return found !== -1 || this.closed;
      },
      `packet type ${type}`,
      limitMs,
    );
    if (found === -1) throw new Error(`closed before a packet of type ${type}`);
    return this.packets.splice(found, 1)[0] as ReceivedPacket;
  }

  ids(type: number): number[] {
    return this.packets.filter((packet) => packet.type === type).map((packet) => packet.body.readUInt16BE(0));
  }

  async closes(limitMs = 5_000): Promise<void> {
    await until(() => this.closed, "the socket closes", limitMs);
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      for (let shift = 0; ; shift += 7, at++) {
        const byte = this.#rest[at];
        if (byte === undefined) return;
        length |= (byte & 0x7f) << shift;
        if ((byte & 0x80) === 0) break;
      }
      const end = at + 1 + length;
      if (this.#rest.length < end) return;
      const first = this.#rest[0] as number;
      this.packets.push({ type: first >> 4, flags: first & 15, body: Buffer.from(this.#rest.subarray(at + 1, end)) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}
