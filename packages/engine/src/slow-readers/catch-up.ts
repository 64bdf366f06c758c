import type { Publication, StreamPosition } from "@fleetcast/protocol";
import type { Subscription } from "../connection/subscription.ts";
import { endSubscription } from "../connection/unsubscribing.ts";
import type { Delivery } from "../delivery.ts";
import { patchedForm, wholeForm } from "../delta/delta-forms.ts";
import type { ReadResult } from "../log.ts";

const pagePublicationsMax = 64;

/**
 * A subscription that was taken out of live delivery because its reader does not keep up [SR3]. It exists from the first
 * publication that was not appended until everything up to the present is.
 *
 *     live │ missed ............... │ page │ page │ held while the last page is read │ live
 *          └ queue half full        └ socket drained                                └ nothing missing
 *
 * The order is the one of a recovery (L9): what is published while history is read is held, history is read up to what was
 * published when the read began, and what was held goes on from there.
 */
export class CatchUp {
  readonly #subscription: Subscription;
  /** The last publication that is in the outbox. */
  #offset: number;
  readonly #epoch: string;
  #isFilling = false;
  #held: Delivery[] = [];
  #heldBytes = 0;
  /** Nothing was published during the read that is not held. */
  #heldIsWhole = true;

  constructor(subscription: Subscription, position: StreamPosition) {
    this.#subscription = subscription;
    this.#offset = position.offset;
    this.#epoch = position.epoch;
  }

  /** A publication that is not for now. */
  meet(delivery: Delivery): void {
    if (!this.#isFilling || !this.#heldIsWhole) return;
    this.#held.push(delivery);
    this.#heldBytes += delivery.sizeBytes;
    if (this.#heldBytes > this.#shareBytes) this.#forgetHeld(false);
  }

  /** The socket has drained. */
  resume(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const { connection } = this.#subscription;
    void this.#fill().catch((cause: unknown) => connection.fail("catch-up", cause));
  }

  async #fill(): Promise<void> {
    try {
      await this.#fillUntilBlocked();
    } finally {
      this.#isFilling = false;
      this.#forgetHeld(true);
    }
  }

  /** Page after page, until the socket is blocked again or nothing is missing. */
  async #fillUntilBlocked(): Promise<void> {
    const { connection, channel, outbox } = this.#subscription;
    while (this.#isCurrent && !outbox.isBlocked) {
      this.#forgetHeld(true);
      const { published } = channel;
      if (published?.epoch !== this.#epoch) return this.#end();
      let page: ReadResult | undefined;
      if (published.offset > this.#offset) {
        try {
          page = await this.#read(published.offset);
        } catch (cause) {
          connection.context.ports.report(`the history of ${channel.name} could not be read`, cause);
          return this.#end();
        }
        if (!this.#isCurrent) return;
        if (!this.#append(page)) return this.#end();
      }
      if (this.#offset >= published.offset && this.#heldIsWhole) return this.#goLive();
    }
  }

  #read(upTo: number): Promise<ReadResult> {
    const { name, namespace } = this.#subscription.channel;
    return namespace.log.read({
      channel: name,
      window: namespace.recoveryWindow,
      since: { offset: this.#offset, epoch: this.#epoch },
      limit: pagePublicationsMax,
      reverse: false,
      upTo,
    });
  }

  /** Fills the queue up to its share. False: history does not go on where this subscriber stands [SR4]. */
  #append({ publications, top }: ReadResult): boolean {
    const { outbox } = this.#subscription;
    if (top.epoch !== this.#epoch || publications[0]?.offset !== this.#offset + 1) return false;
    let before: Publication | undefined;
    for (const publication of publications) {
      if (outbox.queuedBytes >= this.#shareBytes) break;
      this.#say(publication, before);
      if (!this.#isCurrent) return true;
      this.#offset = publication.offset;
      before = publication;
    }
    outbox.flush();
    return true;
  }

  #say(publication: Publication, before: Publication | undefined): void {
    const { connection, channel, refined, outbox } = this.#subscription;
    if (refined === undefined || !refined.wants(publication.tags)) return;
    const { codec } = outbox;
    let form = publication;
    if (refined.delta) {
      const isPatch = before !== undefined && before.offset === refined.base;
      form = isPatch ? patchedForm(codec.name, publication, before.data) : wholeForm(codec.name, publication);
    }
    const epoch = publication.offset === 1 && form === publication ? { epoch: this.#epoch } : {};
    refined.haveSent(publication.offset, this.#subscription.terms.positioned);
    connection.push({ kind: "publication", channel: channel.name, publication: form, ...epoch });
  }

  #goLive(): void {
    const { connection, terms, refined } = this.#subscription;
    if (refined === undefined) return;
    refined.behind = undefined;
    if (terms.positioned) {
      this.#subscription.offset = this.#offset;
      this.#subscription.epoch = this.#epoch;
    } else refined.passed = { offset: this.#offset, epoch: this.#epoch };
    for (const delivery of this.#held) {
      if (this.#subscription.index === -1) return;
      connection.context.fanOut.deliver(this.#subscription, delivery);
    }
  }

  #end(): void {
    if (this.#isCurrent) endSubscription(this.#subscription, "insufficientState");
  }

  #forgetHeld(isWhole: boolean): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#heldIsWhole = isWhole;
  }

  get #isCurrent(): boolean {
    return this.#subscription.index !== -1 && this.#subscription.refined?.behind === this;
  }

  get #shareBytes(): number {
    return this.#subscription.connection.context.options.queueBytesMax / 2;
  }
}
