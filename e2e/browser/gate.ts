import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A door between a browser and a server: shut, what is open breaks and nothing new gets through. */
export class Gate {
  #open = true;
  #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(target: number) {
    this.#server = createServer((socket) => {
      if (!this.#open) {
        socket.destroy();
        return;
      }
      const onward = connect(target, "127.0.0.1");
      for (const [side, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        this.#sockets.add(side);
        side.on("error", () => other.destroy());
        side.on("close", () => {
          this.#sockets.delete(side);
          other.destroy();
        });
        side.pipe(other);
      }
    });
  }

  static async before(target: number): Promise<Gate> {
    const gate = new Gate(target);
    await new Promise<void>((resolve) => gate.#server.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  shut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  open(): void {
    this.#open = true;
  }

  async remove(): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
