import type { Clock } from "@fleetcast/engine";
import type { Journal } from "@fleetcast/storage";
import type { Logger } from "../../log.ts";

export interface CursorKeeperPorts {
  readonly journal: Pick<Journal, "saveCursors">;
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly saveDelayMs: number;
  /** Every row up to this id is settled. */
  readonly settledThrough: () => number;
}

/**
 * Stores how far each channel was pushed, shortly after it moved (N3). Only ever after the push: a cursor ahead of its push
 * would lose a publication at the next start, one behind it repeats a push that its version suppresses.
 */
export class CursorKeeper {
  readonly #ports: CursorKeeperPorts;
  #moved = new Map<string, number>();
  #saving: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(ports: CursorKeeperPorts) {
    this.#ports = ports;
  }

  moved(channel: string, offset: number): void {
    this.#moved.set(channel, offset);
    this.#scheduleSave();
  }

  /** Stores what moved until now. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#saving;
    if (this.#moved.size > 0) await this.#save();
  }

  #scheduleSave(): void {
    if (this.#cancel !== undefined || this.#saving !== undefined) return;
    this.#cancel = this.#ports.clock.schedule(this.#ports.saveDelayMs, () => {
      this.#cancel = undefined;
      void this.#save();
    });
  }

  /** A failed save keeps its cursors for the next one; the row is not lost, only pushed again. */
  async #save(): Promise<void> {
    const { journal, name, log, settledThrough } = this.#ports;
    const moved = this.#moved;
    this.#moved = new Map();
    const save = journal.saveCursors(name, settledThrough(), moved).catch((cause: unknown) => {
      for (const [channel, offset] of moved) if (!this.#moved.has(channel)) this.#moved.set(channel, offset);
      log.warn({ cause }, "the publisher's cursors could not be stored");
    });
    this.#saving = save;
    await save;
    this.#saving = undefined;
    if (this.#moved.size > 0) this.#scheduleSave();
  }
}
