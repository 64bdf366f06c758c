import type { EngineContext } from "../context.ts";
import type { Clock } from "../ports.ts";
import { ProxyAnswerUnusable } from "../proxies.ts";
import { answerMsMax } from "./limits.ts";
import type { PollChannel } from "./poll-channel.ts";
import type { PolledKey } from "./polled-key.ts";

/**
 * When the backend is asked for the keys of one channel: all of them once an interval, in batches that are spread over it; and,
 * without waiting for that, the keys of which somebody has no value yet.
 *
 *     |----- interval -----|----- interval -----|
 *     batch 1    batch 2   batch 1    batch 2
 *           ^ somebody follows a new key
 */
export class PollRounds {
  readonly #context: EngineContext;
  readonly #channel: PollChannel;
  /** Each start is another run: what was left over from a former one ends by itself. */
  #run = 0;
  #isOn = false;
  /** The next round, or the next batch of this one. */
  #cancelNext: (() => void) | undefined;
  #isInRound = false;
  readonly #wanted = new Set<PolledKey>();
  #asksForWanted = false;

  constructor(context: EngineContext, channel: PollChannel) {
    this.#context = context;
    this.#channel = channel;
  }

  /** The first round comes an interval later. */
  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#run++;
    this.#scheduleRound(this.#channel.terms.intervalMs);
  }

  stop(): void {
    this.#isOn = false;
    this.#run++;
    this.#isInRound = false;
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    this.#wanted.clear();
  }

  /** The interval is another: a round that is being waited for comes after the new one. */
  retime(): void {
    if (!this.#isOn || this.#isInRound) return;
    this.#cancelNext?.();
    this.#scheduleRound(this.#channel.terms.intervalMs);
  }

  want(key: PolledKey): void {
    this.#wanted.add(key);
  }

  unwant(key: PolledKey): void {
    this.#wanted.delete(key);
  }

  /** One request after another; what comes to be wanted meanwhile is asked for together. */
  askWanted(): void {
    if (this.#asksForWanted || this.#wanted.size === 0) return;
    this.#asksForWanted = true;
    void this.#askAllWanted().finally(() => {
      this.#asksForWanted = false;
    });
  }

  async #askAllWanted(): Promise<void> {
    while (this.#wanted.size > 0) {
      const batch: PolledKey[] = [];
      for (const key of this.#wanted) {
        if (batch.length === this.#channel.terms.batchKeysMax) break;
        batch.push(key);
        this.#wanted.delete(key);
      }
      await this.#ask(batch);
    }
  }

  #scheduleRound(delayMs: number): void {
    this.#cancelNext = this.#context.ports.clock.schedule(delayMs, () => {
      this.#cancelNext = undefined;
      void this.#round(this.#run);
    });
  }

  async #round(run: number): Promise<void> {
    const { clock } = this.#context.ports;
    const startedAtMs = clock.monotonicMs();
    this.#isInRound = true;
    const batches = inBatches(this.#channel.keysOfRound(), this.#channel.terms.batchKeysMax);
    const pauseMs = this.#channel.terms.intervalMs / batches.length;
    const asks: Promise<void>[] = [];
    for (const batch of batches) {
      if (asks.length > 0) await this.#pause(pauseMs);
      if (run !== this.#run) return;
      asks.push(this.#ask(batch));
    }
    await Promise.all(asks);
    if (run !== this.#run) return;
    this.#isInRound = false;
    this.#scheduleRound(Math.max(0, startedAtMs + this.#channel.terms.intervalMs - clock.monotonicMs()));
  }

  /** Does not end where the rounds are stopped meanwhile. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cancelNext = this.#context.ports.clock.schedule(ms, resolve);
    });
  }

  /** A backend that fails is asked again in the next round; followers keep what they have. Never rejects. */
  async #ask(keys: readonly PolledKey[]): Promise<void> {
    const { polls, ports } = this.#context;
    for (const key of keys) key.asksUnderWay++;
    try {
      const turn = polls.turns.enter();
      if (turn !== undefined) await turn;
      try {
        await this.#askInTurn(keys.filter((key) => this.#channel.isFollowed(key)));
      } finally {
        polls.turns.leave();
      }
    } catch (cause) {
      ports.report(`the values of ${this.#channel.name} could not be asked for`, cause);
    } finally {
      for (const key of keys) key.asksUnderWay--;
    }
  }

  async #askInTurn(keys: readonly PolledKey[]): Promise<void> {
    if (keys.length === 0) return;
    const { name, terms } = this.#channel;
    const ask = this.#channel.nextAsk();
    const asked = new Map(keys.map((key) => [key, this.#channel.toldVersion(key)]));
    const items = Array.from(asked, ([key, version]) => ({ key: key.name, version }));
    const answer = await within(this.#context.ports.clock, answerMsMax, terms.refresh({ channel: name, items }));
    if (answer.kind !== "result") throw new ProxyAnswerUnusable(`the shared_poll_refresh proxy refused: ${reasonOf(answer)}`);
    if (answer.result !== undefined) this.#channel.answered(ask, asked, answer.result);
  }
}

function reasonOf(answer: { readonly kind: "error"; readonly code: number; readonly message: string } | { readonly kind: "disconnect" }) {
  return answer.kind === "error" ? `${answer.code} ${answer.message}` : answer.kind;
}

function inBatches<Item>(items: readonly Item[], sizeMax: number): Item[][] {
  const batches: Item[][] = [];
  for (let at = 0; at < items.length; at += sizeMax) batches.push(items.slice(at, at + sizeMax));
  return batches;
}

/** A promise that nobody keeps would hold its turn for ever. */
function within<Value>(clock: Clock, ms: number, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => reject(new ProxyAnswerUnusable(`no answer within ${ms} ms`)));
    promise.finally(cancel).then(resolve, reject);
  });
}
