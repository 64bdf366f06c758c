import type { Clock } from "./clock.ts";
import { Signal } from "./signal.ts";

export type LinkState = "live" | "slow" | "catching-up" | "gap" | "reconnecting" | "offline" | "signed-out";
/** Where time is lost while the state is `slow`: on the way of every request, or only of what is pushed. */
export type SlowHop = "network" | "push";

export interface Transition {
  readonly atMs: number;
  readonly from: LinkState;
  readonly to: LinkState;
  readonly detail: string;
}

export interface ChannelView {
  readonly channel: string;
  readonly state: "subscribing" | "subscribed" | "refused";
  readonly offset: number | null;
  readonly epoch: string | null;
  readonly detail: string | null;
}

export interface GapWindow {
  readonly channel: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Everything the pill, the bar and the pop-over say. A new object with each change that can be seen. */
export interface LinkView {
  readonly state: LinkState;
  /** False until everything was live for the first time: until then the connection is being opened, not re-opened. */
  readonly everConnected: boolean;
  readonly sinceMs: number;
  readonly lagMs: number | null;
  readonly slowHop: SlowHop | null;
  readonly attempt: number;
  /** When data was last known to be current: the moment the connection was lost. */
  readonly lostAtMs: number | null;
  readonly note: { readonly recovered: number; readonly awayMs: number } | null;
  readonly gaps: readonly GapWindow[];
  readonly clientId: string | null;
  readonly transport: string | null;
  readonly reason: string | null;
  readonly transitions: readonly Transition[];
  readonly channels: readonly ChannelView[];
}

const reconnectingAfterMs = 1_000;
const slowLagMs = 2_000;
const slowAfterMs = 5_000;
const noteMs = 8_000;
const lagWindowMs = 10_000;
const lagSamplesMax = 64;
const transitionsMax = 20;
const gapsMax = 20;

type Client =
  | { readonly name: "connecting"; readonly sinceMs: number }
  | { readonly name: "connected"; readonly clientId: string; readonly transport: string }
  | { readonly name: "ended"; readonly reason: string };

/**
 * Says what state the live connection is in, and never says better than it is. The order of judgement:
 * signed-out, offline, reconnecting, gap, catching-up, slow, live; the first that holds wins.
 * Loss of this browser's connection is judged here; loss of a machine is the server's to say.
 */
export class ConnectionModel {
  readonly #clock: Clock;
  readonly #changed = new Signal();
  readonly subscribe = this.#changed.subscribe;
  #client: Client;
  #online = true;
  #signedOut: string | null = null;
  #everConnected = false;
  #attempt = 0;
  #lostAtMs: number | null = null;
  #channels = new Map<string, ChannelView>();
  #awaited = new Set<string>();
  #recovered = 0;
  #counting = new Set<string>();
  #note: { readonly recovered: number; readonly awayMs: number; readonly untilMs: number } | null = null;
  #gaps: readonly GapWindow[] = [];
  #gapUntilMs = 0;
  #lags: { readonly atMs: number; readonly lagMs: number }[] = [];
  #slowSinceMs: number | null = null;
  #roundTripMs: number | null = null;
  #transitions: readonly Transition[] = [];
  #state: LinkState = "reconnecting";
  #sinceMs: number;
  #view: LinkView;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.now();
    this.#client = { name: "connecting", sinceMs: clock.now() };
    this.#view = this.#build();
  }

  get view(): LinkView {
    return this.#view;
  }

  /** The client lost its connection, or starts for the first time. */
  connecting(reason: string): void {
    if (this.#client.name === "connected") {
      this.#lostAtMs = this.#clock.now();
      this.#recovered = 0;
      this.#note = null;
      this.#awaited = new Set([...this.#channels.values()].filter((view) => view.state !== "refused").map((view) => view.channel));
    }
    if (this.#client.name !== "connecting") {
      this.#client = { name: "connecting", sinceMs: this.#clock.now() };
      this.#attempt = 1;
    }
    this.#lags = [];
    this.#slowSinceMs = null;
    this.#judge(reason);
  }

  connected(clientId: string, transport: string): void {
    this.#client = { name: "connected", clientId, transport };
    this.#signedOut = null;
    this.#attempt = 0;
    this.#settleIfCaughtUp();
    this.#judge(transport);
  }

  /** A connection attempt failed; the client goes on trying by itself. */
  attemptFailed(reason: string): void {
    if (this.#client.name === "connecting") this.#attempt++;
    this.#judge(reason);
  }

  /** The client gave up for good: the server said so (codes that must not reconnect), or a token was refused. */
  ended(reason: string): void {
    if (this.#lostAtMs === null && this.#client.name === "connected") this.#lostAtMs = this.#clock.now();
    this.#client = { name: "ended", reason };
    this.#judge(reason);
  }

  signedOut(reason: string): void {
    if (this.#lostAtMs === null) this.#lostAtMs = this.#clock.now();
    this.#signedOut = reason;
    this.#judge(reason);
  }

  /** The person logged in again; what follows is a connection like any other. */
  signedIn(): void {
    this.#signedOut = null;
    if (this.#client.name === "ended") this.#client = { name: "connecting", sinceMs: this.#clock.now() };
    this.#settleIfCaughtUp();
    this.#judge("signed in");
  }

  network(online: boolean): void {
    if (!online && this.#lostAtMs === null) this.#lostAtMs = this.#clock.now();
    this.#online = online;
    if (online && this.#client.name === "connected") this.#settleIfCaughtUp();
    this.#judge(online ? "network is back" : "no network");
  }

  channelSubscribing(channel: string): void {
    this.#setChannel(channel, { state: "subscribing", detail: null });
    this.#judge(channel);
  }

  /** `counting` is true while publications that were missed are handed over, until `recoveryDelivered`. */
  channelSubscribed(
    channel: string,
    position: { readonly offset: number; readonly epoch: string } | null,
    recovering: "no" | "recovered" | "lost",
  ): void {
    this.#setChannel(channel, { state: "subscribed", offset: position?.offset ?? null, epoch: position?.epoch ?? null, detail: null });
    const away = this.#lostAtMs !== null;
    if (recovering === "recovered" && away) this.#counting.add(channel);
    if (recovering === "lost") this.gap(channel);
    this.#awaited.delete(channel);
    if (recovering !== "recovered" || !away) this.#settleIfCaughtUp();
    this.#judge(channel);
  }

  /** All publications that came with the subscribe reply of `channel` have been handed over. */
  recoveryDelivered(channel: string): void {
    if (!this.#counting.delete(channel)) return;
    this.#settleIfCaughtUp();
    this.#judge(channel);
  }

  channelRefused(channel: string, detail: string): void {
    this.#awaited.delete(channel);
    this.#setChannel(channel, { state: "refused", detail });
    this.#settleIfCaughtUp();
    this.#judge(channel);
  }

  channelRemoved(channel: string): void {
    this.#awaited.delete(channel);
    this.#counting.delete(channel);
    this.#channels.delete(channel);
    this.#settleIfCaughtUp();
    this.#judge(channel);
  }

  /** `lagMs` from the server's receipt to here; null where the publication does not say, or is late by itself. */
  publication(channel: string, offset: number | null, lagMs: number | null): void {
    const view = this.#channels.get(channel);
    if (view !== undefined && offset !== null) this.#channels.set(channel, { ...view, offset });
    if (this.#counting.has(channel)) {
      this.#recovered++;
      return;
    }
    if (lagMs === null) return;
    this.#lags.push({ atMs: this.#clock.now(), lagMs: Math.max(0, lagMs) });
    if (this.#lags.length > lagSamplesMax) this.#lags.shift();
  }

  /** The state behind a known subscription had to be loaded anew: what lies between was not seen. */
  gap(channel: string): void {
    const now = this.#clock.now();
    const window: GapWindow = { channel, fromMs: this.#lostAtMs ?? now, toMs: now };
    this.#gaps = [...this.#gaps, window].slice(-gapsMax);
    this.#gapUntilMs = now + noteMs;
  }

  /** Duration of a request to the server, to tell a slow network from a slow push. */
  roundTrip(milliseconds: number): void {
    this.#roundTripMs = milliseconds;
  }

  /** Judges what depends on time alone. To be called about twice a second. */
  tick(): void {
    this.#judge("");
  }

  #setChannel(channel: string, change: Partial<ChannelView>): void {
    const known: ChannelView = this.#channels.get(channel) ?? { channel, state: "subscribing", offset: null, epoch: null, detail: null };
    this.#channels.set(channel, { ...known, ...change });
  }

  /** Ends an absence once every subscription that was there before is there again. */
  #settleIfCaughtUp(): void {
    if (this.#lostAtMs === null || this.#client.name !== "connected") return;
    if (this.#awaited.size > 0 || this.#counting.size > 0) return;
    const now = this.#clock.now();
    if (this.#recovered > 0) this.#note = { recovered: this.#recovered, awayMs: now - this.#lostAtMs, untilMs: now + noteMs };
    this.#recovered = 0;
    this.#lostAtMs = null;
  }

  #judge(detail: string): void {
    const now = this.#clock.now();
    if (this.#note !== null && now >= this.#note.untilMs) this.#note = null;
    this.#watchLag(now);
    const state = this.#decide(now);
    if (state === "live") this.#everConnected = true;
    if (state !== this.#state) {
      this.#transitions = [...this.#transitions, { atMs: now, from: this.#state, to: state, detail }].slice(-transitionsMax);
      this.#state = state;
      this.#sinceMs = now;
    }
    const view = this.#build();
    if (sameView(view, this.#view)) return;
    this.#view = view;
    this.#changed.emit();
  }

  #decide(now: number): LinkState {
    if (this.#signedOut !== null || this.#client.name === "ended") return "signed-out";
    if (!this.#online) return "offline";
    if (this.#client.name === "connecting") {
      // A blip shorter than a second is not worth a flash of the whole page; before the first connection nothing is live.
      const waited = now - this.#client.sinceMs > reconnectingAfterMs;
      return waited || !this.#everConnected || this.#state === "signed-out" || this.#state === "offline" ? "reconnecting" : this.#state;
    }
    if (now < this.#gapUntilMs) return "gap";
    if (this.#nothingSubscribed()) return this.#everConnected ? "catching-up" : "reconnecting";
    if (this.#lostAtMs !== null) return "catching-up";
    if (this.#slowSinceMs !== null && now - this.#slowSinceMs >= slowAfterMs) return "slow";
    return "live";
  }

  /** Connected, but nothing that was asked for is there yet: nothing on the page is live. */
  #nothingSubscribed(): boolean {
    let subscribed = 0;
    let subscribing = 0;
    for (const view of this.#channels.values()) {
      if (view.state === "subscribed") subscribed++;
      else if (view.state === "subscribing") subscribing++;
    }
    return subscribed === 0 && subscribing > 0;
  }

  #watchLag(now: number): void {
    while (this.#lags.length > 0 && now - this.#lags[0]!.atMs > lagWindowMs) this.#lags.shift();
    const lag = median(this.#lags.map((sample) => sample.lagMs));
    if (lag === null || lag < slowLagMs) this.#slowSinceMs = null;
    else this.#slowSinceMs ??= now;
  }

  #build(): LinkView {
    const lag = median(this.#lags.map((sample) => sample.lagMs));
    const connected = this.#client.name === "connected" ? this.#client : null;
    return {
      state: this.#state,
      everConnected: this.#everConnected,
      sinceMs: this.#sinceMs,
      lagMs: lag === null ? null : Math.round(lag),
      slowHop: this.#state === "slow" ? (lag !== null && (this.#roundTripMs ?? 0) >= lag / 2 ? "network" : "push") : null,
      attempt: this.#attempt,
      lostAtMs: this.#lostAtMs,
      note: this.#note === null ? null : { recovered: this.#note.recovered, awayMs: this.#note.awayMs },
      gaps: this.#gaps,
      clientId: connected?.clientId ?? null,
      transport: connected?.transport ?? null,
      reason: this.#signedOut ?? (this.#client.name === "ended" ? this.#client.reason : null),
      transitions: this.#transitions,
      channels: [...this.#channels.values()],
    };
  }
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

/** Offsets move with every publication and are read when the pop-over opens; they alone are no reason to draw. */
function sameView(a: LinkView, b: LinkView): boolean {
  return (
    a.state === b.state &&
    a.everConnected === b.everConnected &&
    a.lagMs === b.lagMs &&
    a.slowHop === b.slowHop &&
    a.attempt === b.attempt &&
    a.lostAtMs === b.lostAtMs &&
    a.note?.recovered === b.note?.recovered &&
    a.note?.awayMs === b.note?.awayMs &&
    a.gaps === b.gaps &&
    a.clientId === b.clientId &&
    a.transport === b.transport &&
    a.reason === b.reason &&
    a.transitions === b.transitions &&
    a.channels.length === b.channels.length &&
    a.channels.every((view, i) => view.channel === b.channels[i]?.channel && view.state === b.channels[i]?.state)
  );
}
