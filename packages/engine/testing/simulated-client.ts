import assert from "node:assert/strict";
import { type EngineBench, token } from "./engine-bench.ts";
import type { TestClient, Wire } from "./test-client.ts";
import type { WireFormat } from "./wire-format.ts";

/** What every position of every stream holds, over all clients: `epoch/offset` to payload (P3). */
export class PayloadLedger {
  readonly #payloads = new Map<string, string>();

  check(channel: string, epoch: string, offset: number, payload: string): void {
    const key = `${channel} ${epoch} ${offset}`;
    const known = this.#payloads.get(key);
    if (known === undefined) this.#payloads.set(key, payload);
    else assert.equal(payload, known, `[P3] two payloads at ${key}`);
  }
}

interface Followed {
  subscribed: boolean;
  /** Undefined until the first subscribe reply. */
  position: { offset: number; epoch: string } | undefined;
}

/**
 * A client that behaves as an SDK does: it remembers positions, comes back with them, and judges every message it gets.
 * Each rule is an assertion at the very message that breaks it.
 */
export class SimulatedClient {
  readonly user: string;
  readonly #bench: EngineBench;
  readonly #ledger: PayloadLedger;
  readonly #serverSide: readonly string[];
  readonly #format: WireFormat;
  readonly #channels = new Map<string, Followed>();
  readonly #asked = new Map<number, string>();
  /** Channels whose unsubscribe is not answered yet: what is still on its way from them is dropped, as an SDK does. */
  readonly #leaving = new Map<number, string>();
  #wire: TestClient | undefined;
  #nextId = 100;
  #read = 0;
  /** How often a gap was told: by `recovered: false`, that is. */
  toldGaps = 0;
  received = 0;

  constructor(bench: EngineBench, ledger: PayloadLedger, user: string, serverSide: readonly string[], format: WireFormat = "json") {
    this.#bench = bench;
    this.#ledger = ledger;
    this.user = user;
    this.#serverSide = serverSide;
    this.#format = format;
  }

  get isConnected(): boolean {
    return this.#wire !== undefined && this.#wire.closeCode === undefined;
  }

  get wire(): TestClient | undefined {
    return this.#wire;
  }

  connect(): void {
    this.#wire = this.#bench.open({ protocol: this.#format });
    this.#read = 0;
    this.#asked.clear();
    this.#leaving.clear();
    for (const followed of this.#channels.values()) followed.subscribed = false;
    const subs = Object.fromEntries(this.#serverSide.map((channel) => [channel, this.#recoverFrom(channel)]));
    this.#wire.say(JSON.stringify({ id: 1, connect: { token: token({ user: this.user, channels: this.#serverSide }), subs } }));
  }

  subscribe(channel: string): void {
    if (this.#serverSide.includes(channel) || this.#channels.get(channel)?.subscribed || [...this.#asked.values()].includes(channel))
      return;
    const id = this.#nextId++;
    this.#asked.set(id, channel);
    this.#wire?.say(JSON.stringify({ id, subscribe: { channel, ...this.#recoverFrom(channel) } }));
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

  /** The position that the client is sure of. */
  position(channel: string): Followed["position"] {
    return this.#channels.get(channel)?.position;
  }

  isSubscribed(channel: string): boolean {
    return this.isConnected && this.#channels.get(channel)?.subscribed === true;
  }

  #recoverFrom(channel: string): Readonly<Record<string, unknown>> {
    const position = this.#channels.get(channel)?.position;
    return position === undefined ? {} : { recover: true, ...position };
  }

  #judge(message: Wire): void {
    if ("connect" in message) {
      for (const channel of this.#serverSide) this.#judgeSubscribed(channel, message["connect"]["subs"]?.[channel] ?? {});
    }
    if ("subscribe" in message) {
      const channel = this.#asked.get(message["id"]);
      assert.ok(channel !== undefined, "a reply to a subscribe that was not asked");
      this.#asked.delete(message["id"]);
      this.#judgeSubscribed(channel, message["subscribe"]);
    }
    if ("unsubscribe" in message) this.#leaving.delete(message["id"]);
    if ("error" in message) this.#asked.delete(message["id"]);
    if (!("push" in message)) return;
    const { channel, pub, unsubscribe } = message["push"] as Wire;
    if ([...this.#leaving.values()].includes(channel)) return;
    const followed = this.#channels.get(channel);
    if (pub !== undefined) {
      assert.ok(followed?.subscribed, `a publication on ${channel} without a subscription`);
      this.#judgePublication(channel, followed, pub);
    }
    if (unsubscribe !== undefined && followed !== undefined) {
      assert.equal(unsubscribe["code"], 2500);
      followed.subscribed = false;
    }
  }

  #judgeSubscribed(channel: string, result: Wire): void {
    const before = this.#channels.get(channel)?.position;
    const followed: Followed = { subscribed: true, position: { offset: result["offset"] ?? 0, epoch: result["epoch"] ?? "" } };
    this.#channels.set(channel, followed);
    const publications = (result["publications"] ?? []) as readonly Wire[];
    if (before === undefined) return;
    assert.equal(result["was_recovering"], true);
    if (result["recovered"] !== true) {
      this.toldGaps++;
      assert.equal(publications.length, 0, "[P1] not recovered, yet with publications");
      return;
    }
    assert.equal(followed.position?.offset, before.offset, "[P1] recovered from another offset");
    if (before.epoch !== "") assert.equal(result["epoch"], before.epoch, "[P1] recovered into another epoch");
    for (const publication of publications) this.#judgePublication(channel, followed, publication);
  }

  #judgePublication(channel: string, followed: Followed, publication: Wire): void {
    const { position } = followed;
    assert.ok(position !== undefined);
    assert.equal(publication["offset"], position.offset + 1, `[P1] [P2] [P4] ${this.user} on ${channel} after ${position.offset}`);
    position.offset++;
    if (publication["epoch"] !== undefined) {
      assert.ok(position.epoch === "" || position.epoch === publication["epoch"]);
      position.epoch = publication["epoch"];
    }
    this.#ledger.check(channel, position.epoch, position.offset, JSON.stringify(publication["data"]));
    this.received++;
  }
}
