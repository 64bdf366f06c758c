import type { Machine } from "@fleetcast/protocol";
import type { PublicationContext, Subscription } from "centrifuge";
import { ApiError } from "../api/client.ts";
import { EventFeed } from "./event-feed.ts";
import { readEvent } from "./fleet-events.ts";
import type { LiveApp } from "./live-app.ts";
import { MachineTimeline, seriesFields } from "./machine-timeline.ts";
import { Signal } from "./signal.ts";
import type { Arrival, Lease } from "./subscription-manager.ts";
import { readTags, readTelemetry } from "./telemetry.ts";
import { Watchers } from "./watchers.ts";

/** One payload as it came, for the Raw tab. */
export interface RawPayload {
  readonly key: string;
  readonly offset: number | null;
  readonly atMs: number;
  readonly lagMs: number | null;
  readonly data: unknown;
}

export type SeriesPhase = { readonly name: "loading" } | { readonly name: "ready" } | { readonly name: "failed"; readonly code: string };

const rawPayloadsMax = 50;
const eventsAtOnce = 100;
const seriesPointsMax = 2_000;
/** Asked for beyond our idea of the server's now: its answer says up to when the series is complete. */
const aheadMs = 60_000;
/** How long the page waits for the subscription before it shows stored data without it. */
const patienceMs = 1_500;
const watchersPollMs = 10_000;
const chartableSkewMs = 86_400_000;

/** Everything behind one open machine page: two channels, its timeline, its feed, its last payloads and its watchers. */
export class MachineSession {
  readonly vmId: string;
  readonly timeline = new MachineTimeline();
  readonly feed: EventFeed;
  readonly watchers: Watchers;
  readonly #app: LiveApp;
  readonly #changed = new Signal();
  readonly subscribe = this.#changed.subscribe;
  #rangeMs: number;
  #pixels = 800;
  #raw: RawPayload[] = [];
  #rawView: readonly RawPayload[] = [];
  #rawDirty = false;
  #phase: SeriesPhase = { name: "loading" };
  #leases: Lease[] = [];
  #loadNumber = 0;
  #patience: number | null = null;
  /** A subscriber hears of its own coming first; where that stays out, the server sends no joins and presence is asked for. */
  #joinsArrive = false;
  #watchersTimer: number | null = null;
  #removeSink: () => void = () => {};
  /** Newest values of the live stream, for the header: fresher than the fleet row, which is merged twice a second. */
  #latestMs: number | null = null;

  constructor(app: LiveApp, vmId: string, rangeMs: number) {
    this.#app = app;
    this.vmId = vmId;
    this.#rangeMs = rangeMs;
    this.feed = new EventFeed(app.loop, 500);
    this.watchers = new Watchers(app.me.id);
  }

  get raw(): readonly RawPayload[] {
    return this.#rawView;
  }

  get phase(): SeriesPhase {
    return this.#phase;
  }

  get rangeMs(): number {
    return this.#rangeMs;
  }

  get latestMs(): number | null {
    return this.#latestMs;
  }

  open(): void {
    this.feed.open();
    this.#removeSink = this.#app.loop.add(() => this.#flush());
    this.#app.subscriptions.batch(() => {
      this.#leases = [
        this.#app.subscriptions.acquire(
          { channel: `telemetry:${this.vmId}` },
          {
            publication: (context) => this.#telemetry(context),
            subscribed: (arrival, subscription) => this.#telemetrySubscribed(arrival, subscription),
          },
        ),
        this.#app.subscriptions.acquire(
          { channel: `events:${this.vmId}`, options: { joinLeave: true } },
          {
            publication: (context) => this.#event(context),
            subscribed: (arrival, subscription) => this.#eventsSubscribed(arrival, subscription),
            join: (info) => {
              this.#joinsArrive = true;
              this.watchers.join(info);
            },
            leave: (info) => {
              this.#joinsArrive = true;
              this.watchers.leave(info);
            },
          },
        ),
      ];
    });
    this.#patience = this.#app.clock.setTimeout(() => {
      this.#patience = null;
      if (this.#phase.name === "loading" && this.#loadNumber === 0) void this.#load();
    }, patienceMs);
  }

  close(): void {
    if (this.#watchersTimer !== null) this.#app.clock.clearTimeout(this.#watchersTimer);
    if (this.#patience !== null) this.#app.clock.clearTimeout(this.#patience);
    for (const lease of this.#leases) lease.release();
    this.#leases = [];
    this.#loadNumber = Number.POSITIVE_INFINITY;
    this.#removeSink();
    this.feed.close();
  }

  /** Another range, or another width: buffers again and loads; what is drawn stays until the answer is here. */
  show(rangeMs: number, pixels: number): void {
    if (rangeMs === this.#rangeMs && pixels <= this.#pixels) return;
    this.#rangeMs = rangeMs;
    this.#pixels = Math.max(pixels, this.#pixels);
    if (this.#loadNumber > 0) this.reload();
  }

  reload(): void {
    this.timeline.restart(false);
    void this.#load();
  }

  /** What REST knows of the machine's events, joined to what is live. */
  takeMachine(machine: Machine): void {
    for (const event of machine.events) this.feed.addEvent(event);
  }

  #telemetrySubscribed(arrival: Arrival, subscription: Subscription): void {
    if (arrival === "recovered") return;
    this.timeline.restart(true);
    void this.#load();
    void this.#loadRaw(subscription);
  }

  #eventsSubscribed(arrival: Arrival, subscription: Subscription): void {
    if (arrival === "lost") void this.#app.healFeed(this.feed, () => this.#app.api.events({ vmId: this.vmId, limit: eventsAtOnce }));
    void this.#loadWatchers(subscription);
  }

  #telemetry(context: PublicationContext): void {
    const tags = readTags(context.tags);
    const atMs = tags.atMs ?? this.#app.serverClock.now();
    const reading = readTelemetry(context.data);
    this.#latestMs = Math.max(this.#latestMs ?? 0, atMs);
    this.timeline.push({
      atMs,
      tMs: placeOnChart(atMs, reading.tsMs),
      offset: context.offset ?? null,
      device: reading.device,
      values: reading.values,
    });
    this.#addRaw(context, atMs, tags.late);
    if (reading.message !== null) {
      const id = `${context.channel}@${context.offset ?? atMs}`;
      this.feed.add({ kind: "message", id, vmId: this.vmId, text: reading.message, atMs });
      this.#app.feed.add({ kind: "message", id, vmId: this.vmId, text: reading.message, atMs });
      this.#app.popups.message(id, this.vmId, reading.message, this.#app.serverClock.now() - atMs);
    }
    this.#app.loop.mark("batched");
  }

  #event(context: PublicationContext): void {
    const event = readEvent(context.data, this.vmId, this.#app.origin(context));
    if (event === null) return;
    this.feed.addEvent(event);
    this.#app.feed.addEvent(event);
    this.#app.popups.event(event, this.#app.serverClock.now() - event.at_ms);
  }

  #addRaw(context: PublicationContext, atMs: number, late: boolean): void {
    const key = context.offset === undefined ? `${atMs}/${this.#raw.length}/${Math.round(this.#app.clock.now())}` : String(context.offset);
    if (this.#raw.some((known) => known.key === key)) return;
    const lagMs = late ? null : Math.max(0, this.#app.serverClock.now() - atMs);
    this.#raw = [{ key, offset: context.offset ?? null, atMs, lagMs, data: context.data }, ...this.#raw].slice(0, rawPayloadsMax);
    this.#rawDirty = true;
  }

  async #load(): Promise<void> {
    const number = ++this.#loadNumber;
    const now = Math.round(this.#app.serverClock.now());
    try {
      const series = await this.#app.api.series(this.vmId, {
        fromMs: now - this.#rangeMs,
        toMs: now + aheadMs,
        fields: seriesFields,
        maxPoints: Math.min(seriesPointsMax, Math.max(300, this.#pixels * 2)),
      });
      if (number !== this.#loadNumber) return;
      if (this.timeline.load(series) === "again") return await this.#load();
      this.#setPhase({ name: "ready" });
    } catch (error) {
      if (number !== this.#loadNumber) return;
      this.#setPhase({ name: "failed", code: error instanceof ApiError ? error.code : "bad_answer" });
    }
  }

  /** The last payloads of the channel's history, as the document wants after a reload. History off or refused: the tab begins empty. */
  async #loadRaw(subscription: Subscription): Promise<void> {
    const history = await subscription.history({ limit: rawPayloadsMax, reverse: true }).catch(() => null);
    if (history === null) return;
    const known = new Set(this.#raw.map((raw) => raw.key));
    const older: RawPayload[] = [];
    for (const publication of history.publications) {
      const key = String(publication.offset);
      if (publication.offset === undefined || known.has(key)) continue;
      older.push({
        key,
        offset: publication.offset,
        atMs: readTags(publication.tags).atMs ?? readTelemetry(publication.data).tsMs ?? 0,
        lagMs: null,
        data: publication.data,
      });
    }
    this.#raw = [...this.#raw, ...older].sort((a, b) => (b.offset ?? 0) - (a.offset ?? 0)).slice(0, rawPayloadsMax);
    this.#rawDirty = true;
    this.#app.loop.mark("batched");
  }

  async #loadWatchers(subscription: Subscription): Promise<void> {
    this.watchers.loading();
    // Presence may be off for the namespace; then nobody is shown, which is what is known.
    const presence = await subscription.presence().catch(() => ({ clients: {} }));
    this.watchers.loaded(Object.values(presence.clients));
    this.#askAgain(subscription);
  }

  #askAgain(subscription: Subscription): void {
    if (this.#watchersTimer !== null) this.#app.clock.clearTimeout(this.#watchersTimer);
    this.#watchersTimer = null;
    if (this.#joinsArrive || this.#leases.length === 0) return;
    this.#watchersTimer = this.#app.clock.setTimeout(() => {
      this.#watchersTimer = null;
      if (subscription.state === "subscribed") void this.#loadWatchers(subscription);
    }, watchersPollMs);
  }

  #setPhase(phase: SeriesPhase): void {
    this.#phase = phase;
    this.#changed.emit();
    this.#app.loop.mark("urgent");
  }

  #flush(): void {
    if (!this.#rawDirty) return;
    this.#rawDirty = false;
    this.#rawView = this.#raw;
    this.#changed.emit();
  }
}

/** A reading stands at the machine's own time, unless its clock is more than a day off. */
export function placeOnChart(atMs: number, tsMs: number | null): number {
  return tsMs !== null && Math.abs(tsMs - atMs) <= chartableSkewMs ? tsMs : atMs;
}
