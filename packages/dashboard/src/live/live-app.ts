import type { EventPage, FleetUpdate, Me, RealtimeToken } from "@fleetcast/protocol";
import { Centrifuge, type Options, type PublicationContext, type Subscription, UnauthorizedError } from "centrifuge";
import { type Api, ApiError } from "../api/client.ts";
import type { Clock, ServerClock } from "./clock.ts";
import { CommandBook, readReceipt } from "./command-book.ts";
import type { ConnectionModel } from "./connection-model.ts";
import { EventFeed } from "./event-feed.ts";
import { type EventOrigin, readFeed, readNotice } from "./fleet-events.ts";
import type { FlushLoop } from "./flush-loop.ts";
import { LiveStore } from "./live-store.ts";
import { type DismissedStore, NoticeBoard } from "./notice-board.ts";
import { PopupCenter } from "./popup-center.ts";
import { type Lease, SubscriptionManager } from "./subscription-manager.ts";
import { asNumber, asRecord, readTags } from "./telemetry.ts";

export interface LiveParts {
  readonly me: Me;
  readonly token: RealtimeToken;
  readonly api: Api;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly loop: FlushLoop;
  readonly model: ConnectionModel;
  readonly dismissed: DismissedStore;
  /** Address of the page, against which the token's path is read. */
  readonly pageAddress: string;
  readonly hidden: () => boolean;
  /** The official client; a test gives its own. */
  readonly createClient?: (url: string, options: ClientOptions) => Centrifuge;
}

type ClientOptions = Partial<Options> & { readonly getToken: () => Promise<string> };

const alertChannel = "p_alert:global";
const scope = "all";
const seedEvents = 50;
const feedPollMs = 3_000;
const recentNotices = 20;
const recentNoticeMs = 86_400_000;

/** What one signed-in tab holds: one client, its fixed subscriptions, and the stores that they fill. */
export class LiveApp {
  readonly me: Me;
  readonly api: Api;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly loop: FlushLoop;
  readonly model: ConnectionModel;
  readonly store: LiveStore;
  readonly feed: EventFeed;
  readonly commands: CommandBook;
  readonly notices: NoticeBoard;
  readonly popups: PopupCenter;
  readonly subscriptions: SubscriptionManager;
  readonly #client: Centrifuge;
  readonly #hidden: () => boolean;
  #leases: Lease[] = [];
  #stopping = false;
  #snapshots = 0;
  /** True once the fleet's feed has spoken; until then events of machines that are not open are asked for at intervals. */
  #feedSpeaks = false;
  #feedPoll: number | null = null;

  constructor(parts: LiveParts) {
    this.me = parts.me;
    this.api = parts.api;
    this.#hidden = parts.hidden;
    this.clock = parts.clock;
    this.serverClock = parts.serverClock;
    this.loop = parts.loop;
    this.model = parts.model;
    this.store = new LiveStore(parts.loop);
    this.feed = new EventFeed(parts.loop);
    this.commands = new CommandBook(parts.loop);
    this.popups = new PopupCenter(parts.clock);
    this.notices = new NoticeBoard(parts.dismissed);
    const create = parts.createClient ?? ((url, options) => new Centrifuge(url, options));
    this.#client = create(socketAddress(parts.token.url, parts.pageAddress), {
      token: parts.token.token,
      getToken: () => this.#askToken(async () => (await this.api.realtimeToken()).token),
      name: "fleetcast-dashboard",
      maxReconnectDelay: 8_000,
    });
    this.subscriptions = new SubscriptionManager(this.#client, parts.model, parts.clock, (context) => this.#lagOf(context));
    this.#followClient();
  }

  start(): void {
    this.feed.open();
    void this.#readFeed(false);
    this.#pollFeed();
    this.subscriptions.batch(() => {
      this.#leases = [this.#alerts(), this.#receipts(), this.#fleet(), this.#fleetFeed()];
    });
    this.#client.connect();
  }

  /** Tries again at once instead of waiting for the client's next attempt. */
  retry(): void {
    if (this.#client.state === "connected") return;
    this.#stopping = true;
    this.#client.disconnect();
    this.#stopping = false;
    this.#client.connect();
  }

  /** The person logged in again: the former token may be revoked, and channels refused meanwhile are asked for again. */
  signedInAgain(): void {
    this.#client.setToken("");
    this.retry();
    this.subscriptions.wake();
  }

  /** Before the log-out: the server ends the connections of a login with it, which is no news for whoever leaves. */
  leave(): void {
    this.#stopping = true;
    this.#client.disconnect();
  }

  /** The log-out was not confirmed. */
  stay(): void {
    this.#stopping = false;
    this.#client.connect();
  }

  stop(): void {
    this.#stopping = true;
    if (this.#feedPoll !== null) this.clock.clearTimeout(this.#feedPoll);
    for (const lease of this.#leases) lease.release();
    this.subscriptions.stop();
    this.#client.disconnect();
    this.feed.close();
  }

  visibilityChanged(hidden: boolean): void {
    this.loop.visibilityChanged();
    this.subscriptions.visibilityChanged(hidden);
  }

  /** When the server received a publication; now, where it does not say. */
  receivedMs(context: PublicationContext): number {
    return readTags(context.tags).atMs ?? this.serverClock.now();
  }

  origin(context: PublicationContext): EventOrigin {
    return { channel: context.channel, offset: context.offset ?? null, atMs: this.receivedMs(context), tags: context.tags };
  }

  /** What happened before this page was opened, or since it was last asked. Without an answer the feed stays as it is. */
  async #readFeed(popUp: boolean): Promise<void> {
    const page = await this.api.events({ limit: seedEvents }).catch(() => null);
    for (const event of page?.events ?? []) {
      if (this.feed.addEvent(event) && popUp) this.popups.event(event, this.serverClock.now() - event.at_ms);
    }
  }

  /**
   * Fills a feed whose channel lost its position from what is stored. Only when the stored page does not reach back to what
   * is known, or cannot be read, does a divider say from when to when events may be missing.
   */
  async healFeed(feed: EventFeed, ask: () => Promise<EventPage>): Promise<void> {
    const toMs = this.serverClock.now();
    const fromMs = (this.model.view.gaps.at(-1)?.fromMs ?? this.clock.now()) + this.serverClock.offsetMs;
    const page = await ask().catch(() => null);
    const added = page?.events.filter((event) => feed.addEvent(event)).length ?? 0;
    const reachesBack = page !== null && (added < page.events.length || page.next_before_ms === null);
    if (!reachesBack) feed.add({ kind: "gap", id: `gap@${toMs}`, fromMs, toMs });
  }

  #pollFeed(): void {
    this.#feedPoll = this.clock.setTimeout(() => {
      if (this.#feedSpeaks || this.#stopping) return;
      if (this.#client.state === "connected" && !this.#hidden()) void this.#readFeed(true);
      this.#pollFeed();
    }, feedPollMs);
  }

  #followClient(): void {
    this.#client.on("connecting", (context) => this.model.connecting(context.reason));
    this.#client.on("connected", (context) => this.model.connected(context.client, context.transport));
    this.#client.on("error", (context) => this.model.attemptFailed(context.error.message));
    this.#client.on("disconnected", (context) => {
      if (!this.#stopping) this.model.ended(`${context.code} ${context.reason}`);
    });
  }

  #alerts(): Lease {
    return this.subscriptions.acquire(
      { channel: alertChannel, pinned: true },
      {
        publication: (context) => {
          const notice = readNotice(context.data, this.origin(context));
          if (notice === null) return;
          this.notices.post(notice);
          if (notice.event === null) return;
          this.feed.addEvent(notice.event);
          this.popups.event(notice.event, this.serverClock.now() - notice.event.at_ms);
        },
        subscribed: (arrival, subscription) => {
          if (arrival !== "recovered") void this.#recentNotices(subscription);
        },
      },
    );
  }

  /** Whoever comes an hour after a notice still has to see it. History may be refused; then only what is live is shown. */
  async #recentNotices(subscription: Subscription): Promise<void> {
    const history = await subscription.history({ limit: recentNotices, reverse: true }).catch(() => null);
    for (const context of history?.publications ?? []) {
      const notice = readNotice(context.data, this.origin({ ...context, channel: alertChannel }), true);
      if (notice !== null && this.serverClock.now() - (notice.atMs ?? this.serverClock.now()) < recentNoticeMs) this.notices.post(notice);
    }
  }

  #receipts(): Lease {
    return this.subscriptions.acquire(
      { channel: `user_cmd:${this.me.id}`, pinned: true },
      {
        publication: (context) => {
          const receipt = readReceipt(context.data);
          if (receipt === null) return;
          this.popups.command(this.commands.receipt(receipt, this.receivedMs(context)));
        },
      },
    );
  }

  /** Snapshot, then stream: the client asks for the snapshot first, and again whenever its position cannot be recovered. */
  #fleet(): Lease {
    const channel = `fleet:${scope}`;
    return this.subscriptions.acquire(
      {
        channel,
        options: {
          getToken: (context) => this.#subscriptionToken(context.channel),
          getState: async () => {
            const snapshot = await this.api.fleet(scope);
            this.store.replace(snapshot);
            if (this.#snapshots > 0) this.model.gap(channel);
            this.#snapshots++;
            return snapshot.position;
          },
        },
      },
      { publication: (context) => this.#applyFleet(context.data) },
    );
  }

  #fleetFeed(): Lease {
    return this.subscriptions.acquire(
      { channel: `feed:${scope}`, options: { getToken: (context) => this.#subscriptionToken(context.channel) } },
      {
        publication: (context) => {
          this.#feedSpeaks = true;
          for (const event of readFeed(context.data, this.origin(context))) {
            this.feed.addEvent(event);
            this.popups.event(event, this.serverClock.now() - event.at_ms);
          }
        },
        subscribed: (arrival) => {
          if (arrival === "lost") void this.healFeed(this.feed, () => this.api.events({ limit: seedEvents }));
        },
      },
    );
  }

  #applyFleet(data: unknown): void {
    const update = asRecord(data);
    if (update === null || !Array.isArray(update["rows"])) return;
    const { at_ms, totals, rows, removed } = update as unknown as FleetUpdate;
    this.store.apply({ at_ms, totals, rows, removed: removed ?? [] });
  }

  #subscriptionToken(channel: string): Promise<string> {
    return this.#askToken(async () => (await this.api.subscriptionToken(channel)).token);
  }

  /** A refused token must not be asked for again and again: the official client stops on this error. */
  async #askToken(ask: () => Promise<string>): Promise<string> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) throw new UnauthorizedError(error.code);
      throw error;
    }
  }

  #lagOf(context: PublicationContext): number | null {
    const tags = readTags(context.tags);
    const atMs = tags.atMs ?? asNumber(asRecord(context.data)?.["at_ms"]);
    return atMs === null || tags.late ? null : this.serverClock.now() - atMs;
  }
}

/** The token's address is a path on this host, or a full `ws:` or `wss:` address elsewhere. */
function socketAddress(url: string, pageAddress: string): string {
  if (/^wss?:/.test(url)) return url;
  return new URL(url, pageAddress).href.replace(/^http/, "ws");
}
