import type { Socket } from "node:net";

/** TLS handshakes that are under way: pending connections, before there is a connection (F21). */
export class Handshakes {
  readonly #sinceMs = new Map<Socket, number>();

  get count(): number {
    return this.#sinceMs.size;
  }

  begin(socket: Socket, nowMs: number): void {
    this.#sinceMs.set(socket, nowMs);
    socket.once("close", () => this.#sinceMs.delete(socket));
  }

  /** When it began; undefined where it was none, or is over. */
  end(socket: Socket): number | undefined {
    const sinceMs = this.#sinceMs.get(socket);
    this.#sinceMs.delete(socket);
    return sinceMs;
  }

  countFrom(remoteAddress: string): number {
    let count = 0;
    for (const socket of this.#sinceMs.keys()) if (socket.remoteAddress === remoteAddress) count++;
    return count;
  }

  cutAll(): void {
    for (const socket of [...this.#sinceMs.keys()]) socket.destroy();
  }
}
