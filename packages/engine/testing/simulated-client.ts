import assert from "node:assert/strict";
import { type EngineBench, token } from "./engine-bench.ts";
import type { FollowedChannel } from "./followed-channel.ts";
import type { TestClient, Wire } from "./test-client.ts";
import type { WireFormat } from "./wire-format.ts";

export interface SimulatedClientSetup {
  readonly user: string;
  readonly format: WireFormat;
  readonly channels: readonly FollowedChannel[];
  /** Channels that its token subscribes. */
  readonly serverSide: readonly string[];
}

/** A client that behaves as an SDK does: it remembers positions, comes back with them, and judges every message it gets. */
export class SimulatedClient {
  readonly user: string;
  readonly #format: WireFormat;
  readonly #serverSide: readonly string[];
  readonly #channels: ReadonlyMap<string, FollowedChannel>;
  readonly #asked = new Map<number, FollowedChannel>();
  /** Channels whose unsubscribe is not answered yet: what is still on its way from them is dropped, as an SDK does. */
  readonly #leaving = new Map<number, string>();
  #wire: TestClient | undefined;
  #nextId = 100;
  #read = 0;

  constructor({ user, format, channels, serverSide }: SimulatedClientSetup) {
    this.user = user;
    this.#format = format;
    this.#serverSide = serverSide;
    this.#channels = new Map(channels.map((followed) => [followed.channel, followed]));
  }

  get isConnected(): boolean {
    return this.#wire !== undefined && this.#wire.closeCode === undefined;
  }

  /** Some of its channels come with its token. */
  get hasServerSide(): boolean {
    return this.#serverSide.length > 0;
  }

  get wire(): TestClient | undefined {
    return this.#wire;
  }

  get channels(): Iterable<FollowedChannel> {
    return this.#channels.values();
  }

  connect(bench: EngineBench): void {
    this.#wire = bench.open({ protocol: this.#format });
    this.#read = 0;
    this.#asked.clear();
    this.#leaving.clear();
    for (const followed of this.#channels.values()) followed.subscribed = false;
    const subs = Object.fromEntries(this.#serverSide.map((channel) => [channel, this.#followed(channel).request()]));
    this.#wire.say(JSON.stringify({ id: 1, connect: { token: token({ user: this.user, channels: this.#serverSide }), subs } }));
  }

  subscribe(channel: string): void {
    const followed = this.#channels.get(channel);
    if (followed === undefined || followed.subscribed || this.#serverSide.includes(channel)) return;
    if ([...this.#asked.values()].includes(followed)) return;
    const id = this.#nextId++;
    this.#asked.set(id, followed);
    this.#wire?.say(JSON.stringify({ id, subscribe: { channel, ...followed.request() } }));
  }

  unsubscribe(channel: string): void {
    const followed = this.#channels.get(channel);
    if (!followed?.subscribed || this.#serverSide.includes(channel)) return;
    const id = this.#nextId++;
    this.judge();
    this.#leaving.set(id, channel);
    followed.subscribed = false;
    this.#wire?.say(JSON.stringify({ id, unsubscribe: { channel } }));
  }

  /** The network is gone; what had arrived is still read. */
  cut(): void {
    this.judge();
    this.#wire?.cut();
    this.#wire = undefined;
  }

  /** Reads everything that arrived since the last time. */
  judge(): void {
    const messages = this.#wire?.messages ?? [];
    for (; this.#read < messages.length; this.#read++) this.#judge(messages[this.#read] ?? {});
  }

  #judge(message: Wire): void {
    if ("connect" in message) {
      for (const channel of this.#serverSide) this.#followed(channel).onSubscribed(message["connect"]["subs"]?.[channel] ?? {});
    }
    if ("subscribe" in message) {
      const followed = this.#asked.get(message["id"]);
      assert.ok(followed !== undefined, "a reply to a subscribe that was not asked");
      this.#asked.delete(message["id"]);
      followed.onSubscribed(message["subscribe"]);
    }
    if ("unsubscribe" in message) this.#leaving.delete(message["id"]);
    assert.equal(message["error"], undefined, `${this.user} is refused`);
    if (!("push" in message)) return;
    const { channel, pub, unsubscribe } = message["push"] as Wire;
    if ([...this.#leaving.values()].includes(channel)) return;
    const followed = this.#followed(channel);
    if (pub !== undefined) {
      assert.ok(followed.subscribed, `a publication on ${channel} without a subscription`);
      followed.onPublication(pub);
    }
    if (unsubscribe === undefined) return;
    // The server's own wish is no gap: the client comes back from where it was.
    if (unsubscribe["code"] === 2000) followed.subscribed = false;
    else {
      assert.equal(unsubscribe["code"], 2500);
      followed.onEnded();
    }
  }

  #followed(channel: string): FollowedChannel {
    const followed = this.#channels.get(channel);
    assert.ok(followed !== undefined, `${this.user} does not follow ${channel}`);
    return followed;
  }
}
