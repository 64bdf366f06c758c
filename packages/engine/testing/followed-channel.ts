import assert from "node:assert/strict";
import type { Tags } from "@fleetcast/protocol";
import { DeltaReader } from "./delta-reader.ts";
import type { PublishedTruth } from "./published-truth.ts";
import type { Wire } from "./test-client.ts";

/** What a namespace of the simulation promises its subscribers. */
export interface Promised {
  /** The client knows where it stands. */
  readonly positions: boolean;
  /** Live publications may be skipped: `latest`, `max_rate`. */
  readonly skipsLive: boolean;
  /** Of what was missed the newest comes: `max_rate`. */
  readonly recoversNewest: boolean;
  readonly mode: "stream" | "cache";
}

/** What one client asks of a channel. */
export interface Asked {
  readonly delta: boolean;
  readonly onlyEven: boolean;
}

/**
 * One channel as a client follows it: it keeps its position as an SDK does, and holds every message against what was published.
 * Each rule is an assertion at the very message that breaks it.
 */
export class FollowedChannel {
  readonly channel: string;
  readonly #promised: Promised;
  readonly #asked: Asked;
  readonly #truth: PublishedTruth;
  #reader = new DeltaReader();
  #hasDelta = false;
  /** Number of the last publication, counted over the whole simulation. */
  #last = 0;
  subscribed = false;
  /** Undefined until the first subscribe reply. */
  position: { offset: number; epoch: string } | undefined;
  /** How often the client was told that it cannot have everything. */
  toldGaps = 0;
  received = 0;

  constructor(channel: string, promised: Promised, asked: Asked, truth: PublishedTruth) {
    this.channel = channel;
    this.#promised = promised;
    this.#asked = asked;
    this.#truth = truth;
  }

  /** The members of a subscribe request beside the channel; of an entry in `connect.subs`, too, which has no filter. */
  request(): Readonly<Record<string, unknown>> {
    const { position } = this;
    return {
      ...(position === undefined || !this.#promised.positions ? {} : { recover: true, ...position }),
      ...(this.#asked.delta ? { delta: "fossil" } : {}),
      ...(this.#asked.onlyEven ? { tf: { key: "even", cmp: "eq", val: "yes" } } : {}),
    };
  }

  onSubscribed(result: Wire): void {
    const before = this.position;
    this.subscribed = true;
    this.#reader = new DeltaReader();
    this.#hasDelta = result["delta"] === true;
    assert.equal(this.#hasDelta, this.#asked.delta);
    if (!this.#promised.positions) return;
    this.position = { offset: result["offset"] ?? 0, epoch: result["epoch"] ?? "" };
    const publications = (result["publications"] ?? []) as readonly Wire[];
    if (result["recovered"] !== true) {
      // A cache with nothing in it that is wanted recovers nobody, and nothing is missing.
      if (before !== undefined && this.#promised.mode === "stream") this.toldGaps++;
      assert.equal(publications.length, 0, "[P1] not recovered, yet with publications");
      return;
    }
    assert.equal(result["was_recovering"], true);
    if (this.#promised.mode === "stream") assert.deepEqual(this.position, before, "[P1] recovered from another position");
    if (this.#promised.mode === "cache" || this.#promised.recoversNewest)
      assert.ok(publications.length <= 1, "[REC6] [PA4] more than the newest");
    // The reply echoes the offset that was asked with, whatever stream it belonged to; the publication says where the client is.
    if (this.#promised.mode === "cache" && publications.length > 0) this.position.offset = 0;
    const skips = this.#promised.mode === "cache" || this.#promised.recoversNewest;
    for (const publication of publications) this.#judge(publication, skips);
  }

  /** The server ended it, for the client to come back. */
  onEnded(): void {
    this.subscribed = false;
    this.toldGaps++;
  }

  onPublication(publication: Wire): void {
    this.#judge(publication, this.#promised.skipsLive);
  }

  /** Everything is quiet: does the client have what it has to have? */
  atRest(top: { readonly offset: number; readonly epoch: string }): void {
    assert.ok(this.subscribed, `[P2] not back on ${this.channel}`);
    if (this.position === undefined || !this.#promised.positions) return;
    assert.equal(this.position.epoch, top.epoch, `[P2] ${this.channel}`);
    const missing = this.#wantedBetween(this.position.offset, top.offset + 1);
    assert.equal(missing, undefined, `[P2] ${this.channel} at ${this.position.offset}, the top is ${top.offset}`);
  }

  #judge(publication: Wire, maySkip: boolean): void {
    const payload = this.#hasDelta ? this.#reader.read(publication) : JSON.stringify(publication["data"]);
    const { n, even } = JSON.parse(payload) as { readonly n: number; readonly even: boolean };
    const offset = publication["offset"] as number | undefined;
    this.received++;
    if (this.#asked.onlyEven) assert.equal(even, true, `[A4] ${this.channel} lets ${payload} through`);
    if (offset === undefined) {
      assert.ok(this.#truth.hasPassing(this.channel, payload), `[P3] ${payload} was never published on ${this.channel}`);
      return;
    }
    // Numbers grow over all channels, so this is the order of commits.
    assert.ok(n > this.#last || (n === this.#last && this.#promised.mode === "cache"), `[P4] ${this.channel}: ${n} after ${this.#last}`);
    this.#last = n;
    if (this.position === undefined || !this.#promised.positions) return;
    this.#move(publication, offset, payload, maySkip);
  }

  #move(publication: Wire, offset: number, payload: string, maySkip: boolean): void {
    const position = this.position;
    assert.ok(position !== undefined);
    assert.ok(offset > position.offset, `[P1] [P4] ${this.channel}: ${offset} after ${position.offset}`);
    if (publication["epoch"] !== undefined) assert.equal(publication["epoch"], position.epoch);
    assert.equal(payload, this.#truth.at(this.channel, position.epoch, offset)?.payload, `[P3] [P5] ${this.channel} ${offset}`);
    const missing = maySkip ? undefined : this.#wantedBetween(position.offset, offset);
    assert.equal(missing, undefined, `[P1] [P2] ${this.channel}: ${offset} after ${position.offset}`);
    position.offset = offset;
  }

  #wantedBetween(after: number, before: number): number | undefined {
    const wants = (tags: Tags | undefined) => !this.#asked.onlyEven || tags?.["even"] === "yes";
    return this.#truth.wantedBetween(this.channel, this.position?.epoch ?? "", after, before, wants);
  }
}
