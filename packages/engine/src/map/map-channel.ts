import type { StreamPosition, Tags } from "@fleetcast/protocol";
import type { DueItem } from "../due-queue.ts";
import { PublicationWindow } from "../history/publication-window.ts";
import type { CommittedPublication } from "../log.ts";
import { type Expiring, ExpiryOrder } from "./expiry-order.ts";
import type { MapPublication, MapPublish, MapRemove, MapStatePage, MapStreamRequest, MapSuppression, MapTerms } from "./map-log.ts";
import { OrderedKeys } from "./ordered-keys.ts";

/** A channel that holds nothing and never did: whoever can subscribe could otherwise fill the memory with names. */
const untouchedTtlMs = 600_000;
/** A persistent channel whose last key was removed: its epoch is kept this long, as a stream's. */
const emptiedTtlMs = 2_592_000_000;

const noData = new Uint8Array();

interface Entry extends Expiring<Entry> {
  publication: MapPublication;
  version: number;
  versionEpoch: string;
}

/** The map of one channel: its keys, their order, the stream of their changes, and what time does to all of it. */
export class MapChannel implements DueItem {
  readonly name: string;
  readonly epoch: string;
  dueMs = 0;
  duePlace = -1;
  #terms: MapTerms;
  #top = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new OrderedKeys();
  readonly #expiry = new ExpiryOrder<Entry>();
  readonly #changes = new PublicationWindow<MapPublication>();
  /** Monotonic time of the last change. */
  #changedMs = 0;
  /** Monotonic time of the last change or read. */
  #touchedMs = 0;

  constructor(name: string, epoch: string, terms: MapTerms) {
    this.name = name;
    this.epoch = epoch;
    this.#terms = terms;
  }

  get position(): StreamPosition {
    return { offset: this.#top, epoch: this.epoch };
  }

  get keyCount(): number {
    return this.#entries.size;
  }

  touch(terms: MapTerms, nowMs: number): void {
    this.#terms = terms;
    this.#touchedMs = nowMs;
  }

  get(key: string): MapPublication | undefined {
    return this.#entries.get(key)?.publication;
  }

  /** Why a publication changes nothing. Repeats are told before intentions that cannot be met. */
  suppressionOf({ key, version = 0, versionEpoch = "", keyMode, expected }: MapPublish): MapSuppression | undefined {
    const entry = this.#entries.get(key);
    if (version > 0 && entry !== undefined && version <= entry.version && (versionEpoch === "" || versionEpoch === entry.versionEpoch)) {
      return "version";
    }
    if (keyMode === "if_new" && entry !== undefined) return "key_exists";
    if (keyMode === "if_exists" && entry === undefined) return "key_not_found";
    return this.misses(key, expected) ? "position_mismatch" : undefined;
  }

  /** Is the key's last change another than the expected one? */
  misses(key: string, expected: StreamPosition | undefined): boolean {
    if (expected === undefined) return false;
    return expected.epoch !== this.epoch || this.get(key)?.offset !== expected.offset;
  }

  set(request: MapPublish, timeMs: number, nowMs: number): CommittedPublication {
    const { key, data, info, tags, version = 0, versionEpoch = "" } = request;
    const former = this.#entries.get(key);
    const publication: MapPublication = {
      data,
      offset: this.#nextOffset(nowMs),
      key,
      timeMs,
      ...(info === undefined ? {} : { info }),
      ...(tags === undefined ? {} : { tags }),
    };
    // Without a stream nobody can say which value of the key a subscriber has.
    const previous = request.delta === true && this.#terms.hasStream ? former?.publication : undefined;
    const entry = former ?? {
      publication,
      version: 0,
      versionEpoch: "",
      expiresAtMs: Number.POSITIVE_INFINITY,
      older: undefined,
      newer: undefined,
    };
    entry.publication = publication;
    // A publication without a version keeps the key's: a late repeat of an older one must not pass.
    if (version > 0) {
      entry.version = version;
      entry.versionEpoch = versionEpoch;
    }
    if (former === undefined) {
      this.#entries.set(key, entry);
      this.#keys.add(key);
    }
    this.#prolong(entry, nowMs);
    this.#keep(publication);
    return this.#committed(publication, previous);
  }

  /** Undefined where the key is not there. */
  remove({ key, tags }: Pick<MapRemove, "key" | "tags">, timeMs: number, nowMs: number): CommittedPublication | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#keys.remove(key);
    this.#expiry.remove(entry);
    const removal = this.#removalOf(key, tags ?? entry.publication.tags, timeMs, nowMs);
    this.#keep(removal);
    return this.#committed(removal, undefined);
  }

  /** The key lives on as if it were set again. */
  refresh(key: string, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#prolong(entry, nowMs);
  }

  /** Removes keys whose time is over, at most `keysMax` of them. */
  expire(keysMax: number, timeMs: number, nowMs: number): CommittedPublication[] {
    const removals: CommittedPublication[] = [];
    while (removals.length < keysMax) {
      const first = this.#expiry.first;
      if (first === undefined || first.expiresAtMs > nowMs) break;
      const removal = this.remove({ key: first.publication.key }, timeMs, nowMs);
      if (removal !== undefined) removals.push(removal);
    }
    return removals;
  }

  page(cursor: string, limit: number): Pick<MapStatePage, "entries" | "cursor"> {
    const keys = this.#keys.after(cursor, limit);
    const entries: MapPublication[] = [];
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) entries.push(entry.publication);
    }
    const last = keys[keys.length - 1];
    return { entries, cursor: last !== undefined && this.#keys.hasAfter(last) ? last : "" };
  }

  changes({ since, limit, reverse }: Pick<MapStreamRequest, "since" | "limit" | "reverse">, nowMs: number): readonly MapPublication[] {
    this.#forgetChanges(nowMs);
    const oldest = this.#changes.oldestOffset(this.#terms.streamSizeMax);
    if (oldest === undefined || limit === 0) return [];
    const count = limit < 0 ? Number.POSITIVE_INFINITY : limit;
    if (reverse) {
      const newest = since === undefined ? this.#top : since.offset - 1;
      // Behind the top, or before what is kept, there is no place to start from.
      if (newest > this.#top || newest < oldest) return [];
      return this.#changes.range(Math.max(oldest, newest - count + 1), newest).reverse();
    }
    const first = Math.max(oldest, (since?.offset ?? 0) + 1);
    return this.#changes.range(first, Math.min(this.#top, first + count - 1));
  }

  /** Lets go of what is too old and answers when there is something to do next. */
  age(nowMs: number): number {
    this.#forgetChanges(nowMs);
    const streamDueMs = this.#changes.newest === undefined ? Number.POSITIVE_INFINITY : this.#changedMs + this.#terms.streamTtlMs + 1;
    const keysDueMs = this.#expiry.first?.expiresAtMs ?? Number.POSITIVE_INFINITY;
    return Math.min(streamDueMs, keysDueMs, this.#entries.size > 0 ? Number.POSITIVE_INFINITY : this.#forgottenAtMs);
  }

  /** Nothing is left of it that anybody could still ask for. */
  isForgotten(nowMs: number): boolean {
    return this.#entries.size === 0 && nowMs >= this.#forgottenAtMs;
  }

  get #forgottenAtMs(): number {
    const metaTtlMs = this.#terms.metaTtlMs > 0 ? this.#terms.metaTtlMs : emptiedTtlMs;
    return this.#touchedMs + (this.#top === 0 ? Math.min(metaTtlMs, untouchedTtlMs) : metaTtlMs) + 1;
  }

  #nextOffset(nowMs: number): number {
    if (!this.#terms.hasStream) return 0;
    this.#forgetChanges(nowMs);
    this.#changedMs = nowMs;
    this.#top++;
    return this.#top;
  }

  #keep(change: MapPublication): void {
    if (this.#terms.hasStream) this.#changes.push(change, this.#terms.streamSizeMax);
  }

  #forgetChanges(nowMs: number): void {
    if (nowMs - this.#changedMs > this.#terms.streamTtlMs) this.#changes.clear();
  }

  #prolong(entry: Entry, nowMs: number): void {
    if (this.#terms.keyTtlMs <= 0) return;
    this.#expiry.remove(entry);
    entry.expiresAtMs = nowMs + this.#terms.keyTtlMs;
    this.#expiry.append(entry);
  }

  #removalOf(key: string, tags: Tags | undefined, timeMs: number, nowMs: number): MapPublication {
    return { data: noData, offset: this.#nextOffset(nowMs), key, removed: true, timeMs, ...(tags === undefined ? {} : { tags }) };
  }

  #committed(publication: MapPublication, previous: MapPublication | undefined): CommittedPublication {
    return {
      channel: this.name,
      publication,
      epoch: this.#terms.hasStream ? this.epoch : "",
      ...(previous === undefined ? {} : { previous }),
    };
  }
}
