import { filterMatches } from "../topics.ts";
import type { StoredPacket } from "./bounded-queue.ts";
import type { EmbeddedLimits } from "./limits.ts";

/** Retained messages, kept by machine and bounded by machine and in total (F27). */
export class RetainedStore {
  readonly #limits: EmbeddedLimits;
  readonly #byMachine = new Map<string, Map<string, StoredPacket>>();
  #bytes = 0;

  constructor(limits: EmbeddedLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns false when a bound refused it. An empty payload removes [MQTT-3.3.1-10]. */
  store(packet: StoredPacket, vmId: string): boolean {
    const topics = this.#byMachine.get(vmId) ?? new Map<string, StoredPacket>();
    const before = topics.get(packet.topic);
    if (before !== undefined) {
      topics.delete(packet.topic);
      this.#bytes -= sizeBytes(before);
      if (topics.size === 0) this.#byMachine.delete(vmId);
    }
    if (packet.payload.length === 0) return true;
    const size = sizeBytes(packet);
    let machineBytes = size;
    for (const other of topics.values()) machineBytes += sizeBytes(other);
    if (topics.size >= this.#limits.retainedPerMachineMax) return false;
    if (machineBytes > this.#limits.retainedBytesPerMachineMax || this.#bytes + size > this.#limits.retainedBytesMax) return false;
    topics.set(packet.topic, packet);
    this.#byMachine.set(vmId, topics);
    this.#bytes += size;
    return true;
  }

  /** Filters lie in one machine's subtree, so one of their levels is the machine. */
  *matching(filters: readonly string[]): Generator<StoredPacket> {
    const seen = new Set<string>();
    for (const filter of filters) {
      for (const vmId of filter.split("/")) {
        for (const packet of this.#byMachine.get(vmId)?.values() ?? []) {
          if (seen.has(packet.topic) || !filterMatches(filter, packet.topic)) continue;
          seen.add(packet.topic);
          yield packet;
        }
      }
    }
  }

  forgetMachine(vmId: string): void {
    for (const packet of this.#byMachine.get(vmId)?.values() ?? []) this.#bytes -= sizeBytes(packet);
    this.#byMachine.delete(vmId);
  }
}

function sizeBytes(packet: StoredPacket): number {
  return packet.topic.length + packet.payload.length;
}
