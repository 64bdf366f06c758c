import type { ClientInfo } from "@fleetcast/protocol";
import type { CatchUp } from "../map/catch-up.ts";
import type { ProxyCaller } from "../proxies.ts";
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
  /** `headers` of the connect command. */
  emulatedHeaders: ReadonlyMap<string, string> = noHeaders;
  /** Monotonic time at which the connection has expired, grace included: closed (3005), or its proxy asked. Infinity for never. */
  closesAtMs = Number.POSITIVE_INFINITY;
  nextPingAtMs = Number.POSITIVE_INFINITY;
  /** Set while a ping is unanswered. */
  pongDueAtMs = Number.POSITIVE_INFINITY;
  nextPresenceTickAtMs = Number.POSITIVE_INFINITY;
  #subscriptions: Map<string, Subscription> | undefined;
  #inFlight: InFlight[] | undefined;
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
    const isNew = ({ channel }: InFlight) =>
      channel !== undefined && this.subscription(channel) === undefined && this.catchUp(channel) === undefined;
    return (this.#subscriptions?.size ?? 0) + (this.#catchUps?.size ?? 0) + (this.#inFlight?.filter(isNew).length ?? 0);
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

  /** A subscribe, or with `undefined` the connect, takes longer than this moment. */
  begin(channel: string | undefined): InFlight {
    const inFlight = new InFlight(channel);
    this.#inFlight ??= [];
    this.#inFlight.push(inFlight);
    return inFlight;
  }

  /** What is being worked on and concerns this channel. */
  inFlightOn(channel: string): InFlight | undefined {
    return this.#inFlight?.find((one) => one.channel === channel || one.channel === undefined);
  }

  finish(inFlight: InFlight): void {
    const left = this.#inFlight?.filter((one) => one !== inFlight);
    this.#inFlight = left?.length === 0 ? undefined : left;
    inFlight.end();
  }

  /** The connection ends. */
  finishAll(): void {
    for (const inFlight of this.#inFlight ?? []) this.finish(inFlight);
  }

  add(subscription: Subscription): void {
    this.#subscriptions ??= new Map();
    this.#subscriptions.set(subscription.channel.name, subscription);
  }

  remove(subscription: Subscription): void {
    this.#subscriptions?.delete(subscription.channel.name);
    if (this.#subscriptions?.size === 0) this.#subscriptions = undefined;
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
