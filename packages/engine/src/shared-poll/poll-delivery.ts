import { type Codec, createDelta, type EncodedMessage, type Publication, type Push } from "@fleetcast/protocol";
import type { TrackedKey } from "./poll-subscription.ts";

/** What the backend said that a key held before, with the version under which it was handed on. */
export interface PatchBase {
  readonly data: Uint8Array;
  readonly version: number;
}

/** By `codec.index`; null where the format cannot carry it. */
type EncodedByCodec = (EncodedMessage | null | undefined)[];

/** One value of one key on its way to who follows it: encoded once for each wire format and form. */
export class PollDelivery {
  readonly version: number;
  readonly #channel: string;
  readonly #key: string;
  readonly #data: Uint8Array;
  readonly #base: PatchBase | undefined;
  /** Only of what was published, and towards who takes no patches, as in the real one. */
  readonly #epoch: string;
  readonly #plain: EncodedByCodec = [];
  #whole: EncodedByCodec | undefined;
  #patched: EncodedByCodec | undefined;

  constructor(
    channel: string,
    key: string,
    value: { readonly version: number; readonly data: Uint8Array; readonly base?: PatchBase | undefined; readonly epoch?: string },
  ) {
    this.#channel = channel;
    this.#key = key;
    this.version = value.version;
    this.#data = value.data;
    this.#base = value.base;
    this.#epoch = value.epoch ?? "";
  }

  /** Undefined: not for this format (3506). */
  messageFor(codec: Codec, { subscription, hasBase, version }: TrackedKey): EncodedMessage | undefined {
    if (!subscription.delta) return once(this.#plain, codec, () => this.#push({ data: this.#data }, this.#epoch));
    if (hasBase && this.#base !== undefined && this.#base.version === version) return this.#patch(codec, this.#base.data);
    if (codec.name !== "json") return once(this.#plain, codec, () => this.#push({ data: this.#data }, this.#epoch));
    this.#whole ??= [];
    return once(this.#whole, codec, () => this.#push({ data: this.#data, dataAsText: true }));
  }

  #patch(codec: Codec, former: Uint8Array): EncodedMessage | undefined {
    this.#patched ??= [];
    return once(this.#patched, codec, () => {
      const dataAsText = codec.name === "json";
      const patch = createDelta(former, this.#data, { bytesMax: this.#data.length - 1, asText: dataAsText });
      return this.#push({ data: patch ?? this.#data, delta: patch !== undefined, dataAsText });
    });
  }

  #push(form: Pick<Publication, "data" | "delta" | "dataAsText">, epoch = ""): Push {
    const publication = { ...form, offset: 0, key: this.#key, version: this.version };
    return { kind: "publication", channel: this.#channel, publication, ...(epoch === "" ? {} : { epoch }) };
  }
}

/** The key is gone. */
export function removalPush(channel: string, key: string): Push {
  return { kind: "publication", channel, publication: { data: noData, offset: 0, key, removed: true } };
}

const noData = new Uint8Array();

function once(messages: EncodedByCodec, codec: Codec, push: () => Push): EncodedMessage | undefined {
  let message = messages[codec.index];
  if (message === undefined) {
    message = codec.push(push()) ?? null;
    messages[codec.index] = message;
  }
  return message ?? undefined;
}
