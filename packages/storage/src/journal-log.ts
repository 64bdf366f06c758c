import type { AppendResult, Clock, CommittedPublication, HistoryWindow, Log, LogAppend, ReadRequest, ReadResult } from "@fleetcast/engine";
import type { Publication, StreamPosition } from "@fleetcast/protocol";
import type { CommittedBatch, Journal, JournalEntry, JournalOutcome, JournalRow } from "./journal.ts";

export interface JournalLogPorts {
  readonly journal: Pick<Journal, "appendAll" | "read" | "top" | "remove">;
  readonly clock: Pick<Clock, "wallMs">;
}

/** A publication that the store would not take: our own mistake or a value no store can hold. Nothing of its append is in. */
export class PublicationRefused extends Error {
  override readonly name = "PublicationRefused";
}

/**
 * The engine's log over the journal: publishes of clients and of `/api` take the same road as device messages (L7).
 *
 * The journal has one listener, and it is not this: whoever wires the process hands every committed batch to `offer`, so
 * that what intake stored reaches subscribers in the same order as what was published here.
 */
export class JournalLog implements Log {
  readonly #journal: JournalLogPorts["journal"];
  readonly #clock: Pick<Clock, "wallMs">;
  #listener: (batch: readonly CommittedPublication[]) => void = () => {};

  constructor(ports: JournalLogPorts) {
    this.#journal = ports.journal;
    this.#clock = ports.clock;
  }

  onCommitted(listener: (batch: readonly CommittedPublication[]) => void): void {
    this.#listener = listener;
  }

  /** Takes what the journal committed, whoever caused it, in commit order. */
  offer(batch: CommittedBatch): void {
    this.#listener(batch.map(committedPublication));
  }

  append(items: readonly LogAppend[]): Promise<readonly AppendResult[]> {
    const atMs = this.#clock.wallMs();
    const entries = items.map((item) => entryOf(item, atMs));
    return new Promise((resolve, reject) => {
      this.#journal.appendAll(entries, (outcomes) => {
        const refused = outcomes.find((outcome) => outcome.verdict !== "stored");
        if (refused === undefined) resolve(outcomes.map(appendResult));
        else reject(new PublicationRefused(refused.reason ?? refused.verdict));
      });
    });
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    const { channel, window, since, limit, reverse, upTo } = request;
    const { rows, top } = await this.#journal.read({
      channel,
      sizeMax: window.sizeMax,
      ttlMs: window.ttlMs,
      nowMs: this.#clock.wallMs(),
      since,
      limit,
      reverse,
      upTo,
    });
    return { publications: rows.map(publicationOf), top };
  }

  top(channel: string, _window: HistoryWindow): Promise<StreamPosition> {
    return this.#journal.top(channel);
  }

  remove(channel: string, _window: HistoryWindow): Promise<void> {
    return this.#journal.remove(channel);
  }
}

function entryOf(item: LogAppend, atMs: number): JournalEntry {
  const { channel, data, window, info, tags, idempotencyKey, version, versionEpoch, delta } = item;
  const skipHistory = item.skipHistory === true || window.sizeMax <= 0 || window.ttlMs <= 0;
  const publication = {
    channel,
    data,
    tags,
    info,
    idempotencyKey,
    version,
    versionEpoch,
    historyTtlMs: window.ttlMs,
    delta,
    skipHistory,
  };
  return { atMs, records: [], publications: [publication] };
}

/** Each entry carries one publication. */
function appendResult(outcome: JournalOutcome): AppendResult {
  const { offset, epoch, suppressed } = outcome.positions[0]!;
  const position = { offset, epoch };
  return suppressed === undefined ? { position } : { position, suppressed };
}

function committedPublication(row: CommittedBatch[number]): CommittedPublication {
  const { channel, epoch, previous } = row;
  const publication = publicationOf(row);
  return previous === undefined ? { channel, publication, epoch } : { channel, publication, epoch, previous: publicationOf(previous) };
}

/** A row without the parts that only the journal knows. */
function publicationOf(row: JournalRow): Publication {
  const { data, offset, info, tags, version } = row;
  return { data, offset, info, tags, version };
}
