import type { Codec, EncodedMessage, Publication, Push } from "@fleetcast/protocol";
import type { Subscription } from "./connection/subscription.ts";
import { patchedForm, wholeForm } from "./delta/delta-forms.ts";
import type { HubChannel } from "./hub.ts";
import { type FrameType, frameTypeOfPush } from "./metrics/frame-types.ts";

/** By `codec.index`; undefined where nobody asked yet, null where the format cannot carry it. */
type EncodedByCodec = (EncodedMessage | null | undefined)[];

/** Skipped publications that are kept for filters until the interval is over. */
const skippedMax = 256;
const heldOverheadBytes = 64;

/** A push on its way to the subscribers of a channel: encoded once for each wire format, and for each form of it. */
export class Delivery {
  readonly channel: HubChannel;
  readonly push: Push;
  /** As it is counted. */
  readonly frameType: FrameType;
  /** Position of a publication in a channel with history; offset 0 for everything else. */
  readonly offset: number;
  readonly epoch: string;
  /** The first position that it moves a subscriber over: its own, or that of the first publication whose place it took. */
  first: number;
  /** The publication to which delta subscribers may be sent a patch, where it was published with delta. */
  previous: Publication | undefined;
  /** Publications whose place it took, oldest first, for filters that let one of them through but not this one. */
  skipped: Delivery[] | undefined;
  /** Subscribers at the offer: what it counts for while publishers are held back. */
  readonly subscribers: number;
  /** Monotonic time at which it was offered to the fan-out; 0 where nobody asks. */
  offeredAtMs = 0;
  /** From when on it counts as lost for subscribers with positions (`client.channel_position_max_time_lag`). Monotonic time. */
  lateAtMs = Number.POSITIVE_INFINITY;
  /** A join: the newcomer, who has it already. */
  except: Subscription | undefined;
  readonly #messages: EncodedByCodec = [];
  #wholeMessages: EncodedByCodec | undefined;
  #patchedMessages: EncodedByCodec | undefined;
  #isGivenUp = false;

  constructor(channel: HubChannel, push: Push, epoch = "", previous: Publication | undefined = undefined) {
    this.channel = channel;
    this.push = push;
    this.frameType = frameTypeOfPush(push.kind);
    this.offset = push.kind === "publication" ? push.publication.offset : 0;
    this.first = this.offset;
    this.epoch = epoch;
    this.previous = previous;
    this.subscribers = channel.subscriptions.length;
  }

  /** What it costs to hold it for one subscriber: also a removal or a join, which have no payload. */
  get sizeBytes(): number {
    return heldOverheadBytes + (this.push.kind === "publication" ? this.push.publication.data.length : 0);
  }

  /** It could not be encoded, by a mistake of ours: subscribers will notice the gap. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** Is there nothing to go back to when this one is lost, but is to `waiting`? Then it does not take its place [PA6]. */
  yieldsTo(waiting: Delivery): boolean {
    return this.offset === 0 && waiting.offset !== 0;
  }

  /** Takes the place of the publication before it, which nobody was sent: whoever gets this one has passed that one [PA2]. */
  supersede(older: Delivery): void {
    if (older.offset !== 0 && this.epoch === older.epoch && this.first === older.offset + 1) this.first = older.first;
    if (this.channel.filteredSubscriptions === 0) return;
    this.skipped = older.skipped ?? [];
    older.skipped = undefined;
    this.skipped.push(older);
    if (this.skipped.length > skippedMax) this.skipped.shift();
  }

  /** Undefined: not for this format (3506). */
  message(codec: Codec): EncodedMessage | undefined {
    let message = this.#messages[codec.index];
    if (message === undefined) {
      message = codec.push(this.push) ?? null;
      this.#messages[codec.index] = message;
    }
    return message ?? undefined;
  }

  /** The same towards a delta subscriber; `base` is the offset of the publication that it can apply a patch to. */
  deltaMessage(codec: Codec, base: number): EncodedMessage | undefined {
    const { push, previous } = this;
    if (push.kind !== "publication") return this.message(codec);
    const { channel, publication } = push;
    if (previous !== undefined && previous.offset === base) {
      this.#patchedMessages ??= [];
      return once(this.#patchedMessages, codec, () => ({
        kind: "publication",
        channel,
        publication: patchedForm(codec.name, publication, previous.data),
      }));
    }
    if (codec.name !== "json") return this.message(codec);
    this.#wholeMessages ??= [];
    return once(this.#wholeMessages, codec, () => ({ kind: "publication", channel, publication: wholeForm(codec.name, publication) }));
  }
}

function once(messages: EncodedByCodec, codec: Codec, push: () => Push): EncodedMessage | undefined {
  let message = messages[codec.index];
  if (message === undefined) {
    message = codec.push(push()) ?? null;
    messages[codec.index] = message;
  }
  return message ?? undefined;
}
