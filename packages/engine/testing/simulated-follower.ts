import assert from "node:assert/strict";
import { DeltaReader } from "./delta-reader.ts";
import { batchOf, type PollBench } from "./poll-bench.ts";
import type { TestClient, Wire } from "./test-client.ts";

/** Says whether a key ever had this value, under this version where the backend gives versions. */
export type WasTrue = (key: string, value: string, version: number) => boolean;

interface Held {
  version: number;
  value: string | undefined;
  reader: DeltaReader;
}

/**
 * A client that follows keys as the stock SDK does: it names the versions that it has, forgets them when the epoch is another, and
 * judges every value that it is told.
 */
export class SimulatedFollower {
  readonly held = new Map<string, Held>();
  wire: TestClient | undefined;
  received = 0;
  patches = 0;
  ends = 0;
  readonly #bench: PollBench;
  readonly #channel: string;
  readonly #delta: boolean;
  readonly #wasTrue: WasTrue;
  #isSubscribed = false;
  #epoch = "";
  #read = 0;

  constructor(bench: PollBench, channel: string, delta: boolean, wasTrue: WasTrue) {
    this.#bench = bench;
    this.#channel = channel;
    this.#delta = delta;
    this.#wasTrue = wasTrue;
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed && this.wire?.closeCode === undefined;
  }

  /** Connects, subscribes and names all its keys, where it is not there already. */
  async comeBack(): Promise<void> {
    if (this.wire === undefined || this.wire.closeCode !== undefined) {
      this.wire = await this.#bench.connect();
      this.#read = 0;
      this.#isSubscribed = false;
    }
    if (this.#isSubscribed) return;
    const reply = await this.wire.subscribe(this.#channel, { type: 4, ...(this.#delta ? { delta: "fossil" } : {}) });
    if (reply["subscribe"] === undefined) return;
    this.judge();
    this.#isSubscribed = true;
    const { epoch = "" } = reply["subscribe"] as Wire;
    for (const held of this.held.values()) {
      if (this.#epoch !== "" && this.#epoch !== epoch) held.version = 0;
      held.reader = new DeltaReader();
    }
    this.#epoch = epoch;
    await this.#track([...this.held.keys()]);
  }

  async track(key: string): Promise<void> {
    if (!this.held.has(key)) this.held.set(key, { version: 0, value: undefined, reader: new DeltaReader() });
    if (this.isSubscribed) await this.#track([key]);
  }

  async untrack(key: string): Promise<void> {
    this.judge();
    if (!this.held.has(key)) return;
    if (this.isSubscribed) await this.wire?.call("sub_refresh", { channel: this.#channel, type: 2, untrack: [key] });
    this.judge();
    this.held.delete(key);
  }

  cut(): void {
    this.judge();
    this.wire?.cut();
    this.wire = undefined;
    this.#isSubscribed = false;
  }

  /** Looks at everything that came since the last time. */
  judge(): void {
    const { pushes } = this.wire ?? { pushes: [] };
    for (const push of pushes.slice(this.#read)) {
      this.#read++;
      if ("unsubscribe" in push) {
        assert.equal(push["unsubscribe"].code, 2500);
        this.#isSubscribed = false;
        this.ends++;
      } else if ("pub" in push) this.#take(push["pub"] as Wire);
    }
  }

  async #track(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const named = keys.map((key) => `${key}@${this.held.get(key)?.version ?? 0}`);
    const reply = await this.wire?.call("sub_refresh", { channel: this.#channel, type: 1, track: [batchOf(named)] });
    if (reply?.["sub_refresh"] !== undefined) {
      for (const key of keys) {
        const held = this.held.get(key);
        // The server does not know which bytes the client kept: what comes next is whole.
        if (held !== undefined && held.value === undefined) held.reader = new DeltaReader();
      }
    }
    this.judge();
  }

  #take(publication: Wire): void {
    const { key, removed, version = 0 } = publication;
    const held = this.held.get(key);
    assert.ok(held !== undefined, `[SP15] ${key} is not followed`);
    if (removed === true) {
      this.held.delete(key);
      return;
    }
    this.received++;
    if (publication["delta"] === true) this.patches++;
    assert.ok(Number(version) > held.version, `[SP30] ${key} came with ${version} after ${held.version}`);
    held.version = Number(version);
    held.value = this.#delta
      ? held.reader.read(publication)
      : typeof publication["data"] === "string"
        ? publication["data"]
        : JSON.stringify(publication["data"]);
    assert.ok(this.#wasTrue(key, held.value, held.version), `[SP30] ${key} never was ${held.value} at ${held.version}`);
  }
}
