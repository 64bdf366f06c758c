import type { DeviceConnection } from "./device-connection.ts";

/** A machine with at least one live connection. */
export interface Machine {
  readonly vmId: string;
  /** Oldest first. */
  readonly connections: Set<DeviceConnection>;
  /**
   * Some connection listens to more than the machine's command topic. Almost none does, and then a stored message is
   * done: it is not pushed through the broker's fan-out at all.
   */
  listensToItself: boolean;
}

/** Live connections by machine and by session. */
export class MachineRegistry {
  readonly #machines = new Map<string, Machine>();
  readonly #bySession = new Map<string, DeviceConnection>();

  connectionCount = 0;

  get size(): number {
    return this.#machines.size;
  }

  get(vmId: string): Machine | undefined {
    return this.#machines.get(vmId);
  }

  holderOf(internalId: string): DeviceConnection | undefined {
    return this.#bySession.get(internalId);
  }

  /** From here on this connection is the one of its session (a take-over changes the holder before the old one is gone). */
  hold(internalId: string, connection: DeviceConnection): void {
    this.#bySession.set(internalId, connection);
  }

  release(internalId: string, connection: DeviceConnection): void {
    if (this.#bySession.get(internalId) === connection) this.#bySession.delete(internalId);
  }

  enter(vmId: string, connection: DeviceConnection): Machine {
    const machine = this.#machines.get(vmId) ?? { vmId, connections: new Set(), listensToItself: false };
    machine.connections.add(connection);
    this.connectionCount++;
    this.#machines.set(vmId, machine);
    return machine;
  }

  /** @returns true when it was the machine's last connection. */
  leave(machine: Machine, connection: DeviceConnection): boolean {
    machine.connections.delete(connection);
    this.connectionCount--;
    if (machine.connections.size > 0) return false;
    this.#machines.delete(machine.vmId);
    return true;
  }
}
