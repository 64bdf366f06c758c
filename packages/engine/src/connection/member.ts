import type { ClientInfo } from "@fleetcast/protocol";
import type { ProxyCaller } from "../proxies.ts";
import type { TransportInfo } from "../transport.ts";
import { type ClientSoftware, untoldSoftware } from "./client-software.ts";
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

  constructor(client: string, user: string) {
    this.client = client;
    this.user = user;
  }

  get subscriptions(): Iterable<Subscription> {
    return this.#subscriptions?.values() ?? [];
  }

  get subscriptionCount(): number {
    return this.#subscriptions?.size ?? 0;
  }

  subscription(channel: string): Subscription | undefined {
    return this.#subscriptions?.get(channel);
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
