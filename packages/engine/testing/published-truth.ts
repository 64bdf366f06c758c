import assert from "node:assert/strict";
import type { Tags } from "@fleetcast/protocol";
import type { CommittedPublication } from "../src/log.ts";

interface Published {
  readonly payload: string;
  readonly tags: Tags | undefined;
}

/** What the logs of a simulation committed, whatever became of it afterwards: the yardstick for everything that clients get. */
export class PublishedTruth {
  readonly #positions = new Map<string, Map<number, Published>>();
  /** Payloads that have no position, by channel. */
  readonly #passing = new Map<string, Set<string>>();

  record(batch: readonly CommittedPublication[]): void {
    for (const { channel, epoch, publication } of batch) {
      const payload = new TextDecoder().decode(publication.data);
      if (publication.offset === 0) {
        this.#passing.set(channel, (this.#passing.get(channel) ?? new Set()).add(payload));
        continue;
      }
      const stream = `${channel} ${epoch}`;
      const positions = this.#positions.get(stream) ?? new Map<number, Published>();
      assert.equal(positions.has(publication.offset), false, `[P3] ${stream} gives offset ${publication.offset} twice`);
      positions.set(publication.offset, { payload, tags: publication.tags });
      this.#positions.set(stream, positions);
    }
  }

  at(channel: string, epoch: string, offset: number): Published | undefined {
    return this.#positions.get(`${channel} ${epoch}`)?.get(offset);
  }

  hasPassing(channel: string, payload: string): boolean {
    return this.#passing.get(channel)?.has(payload) === true;
  }

  /** The first position above `after` and below `before` that somebody wanted. */
  wantedBetween(
    channel: string,
    epoch: string,
    after: number,
    before: number,
    wants: (tags: Tags | undefined) => boolean,
  ): number | undefined {
    for (let offset = after + 1; offset < before; offset++) {
      const published = this.at(channel, epoch, offset);
      if (published === undefined || wants(published.tags)) return offset;
    }
    return undefined;
  }
}
