import type { ClientInfo } from "@fleetcast/protocol";
import type { CatchUp } from "../map/catch-up.ts";
import type { Clock, ConnectionIdentity } from "../ports.ts";
import type { ProxyCaller } from "../proxies.ts";
import type { Buckets } from "../rate-limits/limiter.ts";
import type { TransportInfo } from "../transport.ts";
import { type ClientSoftware, untoldSoftware } from "./client-software.ts";
import { InFlight } from "./in-flight.ts";
import type { Subscription } from "./subscription.ts";

const noHeaders: ReadonlyMap<string, string> = new Map();

/** An authenticated connection: what exists only from a good connect command on. */
export class Member {
  /** Connection id, UUIDv4. */
  readonly client: string;
  readonly user: string;
  connInfo: Uint8Array | undefined;
  /** Raw JSON for proxies; never sent to clients. */
  meta: Uint8Array | undefined;
  software: ClientSoftware = untoldSoftware;
  /** Where `/emulation` and the server API find it; only of emulated and one-way transports. */
  session: string | undefined;
  /** Only where commands are limited. */
  buckets: Buckets | undefined;
  /** Unix milliseconds. */
  connectedAtMs = 0;
  /** Of the token that last vouched for it. */
  tokenId: string | undefined;
  /** Unix seconds; NaN for a token that does not say; undefined without a token. */
  issuedAtS: number | undefined;
  /** `headers` of the connect command. */
  emulatedHeaders: ReadonlyMap<string, string> = noHeaders;
  /** Monotonic time at which the connection has expired, grace included: closed (3005), or its proxy asked. Infinity for never. */
  closesAtMs = Number.POSITIVE_INFINITY;
  nextPingAtMs = Number.POSITIVE_INFINITY;
  /** Set while a ping is unanswered. */
  pongDueAtMs = Number.POSITIVE_INFINITY;
  nextPresenceTickAtMs = Number.POSITIVE_INFINITY;
  #subscriptions: Map<string, Subscription> | undefined;
  #inFlight: InFlight | undefined;
  /** Map subscriptions that are still being paged in. */
  #catchUps: Map<string, CatchUp> | undefined;

  constructor(client: string, user: string) {
    this.client = client;
    this.user = user;
  }

  get subscriptions(): Iterable<Subscription> {
    return this.#subscriptions?.values() ?? [];
  }

  /** Channels that count towards `client.channel_limit`: those that are being subscribed, too. */
  get channelCount(): number {
    const isNew = (channel: string) => this.#catchUps?.has(channel) !== true;
    return (this.#subscriptions?.size ?? 0) + (this.#catchUps?.size ?? 0) + (this.#inFlight?.asking.filter(isNew).length ?? 0);
  }

  get catchUps(): Iterable<CatchUp> {
    return this.#catchUps?.values() ?? [];
  }

  catchUp(channel: string): CatchUp | undefined {
    return this.#catchUps?.get(channel);
  }

  addCatchUp(catchUp: CatchUp): void {
    this.#catchUps ??= new Map();
    this.#catchUps.set(catchUp.channel, catchUp);
  }

  removeCatchUp(catchUp: CatchUp): void {
    if (this.#catchUps?.get(catchUp.channel) === catchUp) this.#catchUps.delete(catchUp.channel);
    if (this.#catchUps?.size === 0) this.#catchUps = undefined;
  }

  /** From its entry into the hub on, hence also before the client has its reply. */
  subscription(channel: string): Subscription | undefined {
    return this.#subscriptions?.get(channel);
  }

  isSubscribed(channel: string): boolean {
    return this.#subscriptions?.get(channel)?.live === true;
  }

  /** Subscribed, or on the way to it: nobody may subscribe it a second time. */
  isTaken(channel: string): boolean {
    const isThere = this.#subscriptions?.has(channel) === true || this.#catchUps?.has(channel) === true;
    return isThere || this.#inFlight?.asking.includes(channel) === true;
  }

  /** A subscribe is being worked on; its reply, or push, is still to come. */
  isInFlight(channel: string): boolean {
    return this.#subscriptions?.get(channel)?.live === false || this.#inFlight?.asking.includes(channel) === true;
  }

  /** Somebody is asked whether the channel may be subscribed; or, of a map, for one of its pages. */
  ask(channel: string): void {
    this.#inFlight ??= new InFlight();
    this.#inFlight.asking.push(channel);
  }

  /** The answer is there, for good or ill. */
  answered(channel: string): void {
    this.#inFlight?.answered(channel);
  }

  /** Resolves true when the subscribe of the channel, or without one the connect, is over; false when that takes too long. */
  settled(clock: Clock, channel?: string): Promise<boolean> {
    this.#inFlight ??= new InFlight();
    return this.#inFlight.wait(clock, channel);
  }

  /** A subscribe is over: its reply is out, or there will be none. */
  wake(channel: string): void {
    if (this.#inFlight === undefined) return;
    this.#inFlight.wake((awaited) => awaited === channel);
    if (this.#inFlight.isEmpty) this.#inFlight = undefined;
  }

  /** The connect is over, or the connection. */
  wakeAll(): void {
    const inFlight = this.#inFlight;
    this.#inFlight = undefined;
    inFlight?.wake(() => true);
  }

  add(subscription: Subscription): void {
    this.#subscriptions ??= new Map();
    this.#subscriptions.set(subscription.channel.name, subscription);
  }

  remove(subscription: Subscription): void {
    this.#subscriptions?.delete(subscription.channel.name);
    if (this.#subscriptions?.size === 0) this.#subscriptions = undefined;
  }

  get identity(): ConnectionIdentity {
    const { user, client, tokenId, issuedAtS } = this;
    return { user, client, tokenId, issuedAtS: Number.isNaN(issuedAtS) ? undefined : issuedAtS, hasToken: issuedAtS !== undefined };
  }

  /** As proxies see this one. */
  caller(transport: TransportInfo): ProxyCaller {
    return { client: this.client, user: this.user, transport, emulatedHeaders: this.emulatedHeaders, meta: this.meta };
  }

  /** As other subscribers see this one; with `chan_info` where it is on that channel. */
  infoOn(subscription: Subscription | undefined): ClientInfo {
    return {
      user: this.user,
      client: this.client,
      ...(this.connInfo === undefined ? {} : { connInfo: this.connInfo }),
      ...(subscription?.info === undefined ? {} : { chanInfo: subscription.info }),
    };
  }
}
