import { apiErrors } from "@fleetcast/protocol";
import { fitsFormat } from "../channel/data-format.ts";
import type { Namespace } from "../channel/namespaces.ts";
import type { EngineContext } from "../context.ts";
import { EngineRefusal } from "../refusal.ts";
import { concurrencyDefault } from "./limits.ts";
import { PollChannel, type PollPublication } from "./poll-channel.ts";
import type { PollNamespace } from "./poll-namespace.ts";
import { Turns } from "./turns.ts";

export interface SharedPollPublishCall extends Omit<PollPublication, "data"> {
  readonly channel: string;
  /** Undefined: what was said cannot be read (107, where nothing else is wrong). */
  readonly data: Uint8Array | undefined;
}

/** All shared poll channels of an engine that somebody is subscribed to, or was a moment ago. */
export class SharedPolls {
  /** Of requests to backends, over all channels. */
  readonly turns: Turns;
  readonly #channels = new Map<string, PollChannel>();

  constructor(concurrency: number) {
    this.turns = new Turns(concurrency > 0 ? concurrency : concurrencyDefault);
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  get keyCount(): number {
    let count = 0;
    for (const channel of this.#channels.values()) count += channel.keyCount;
    return count;
  }

  /** A copy: a reload ends subscriptions while it goes through them. */
  get channels(): readonly PollChannel[] {
    return [...this.#channels.values()];
  }

  find(name: string): PollChannel | undefined {
    return this.#channels.get(name);
  }

  channel(context: EngineContext, name: string, namespace: Namespace, poll: PollNamespace): PollChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = new PollChannel(context, name, namespace, poll, (forgotten) => {
        // An answer may come to a channel that is forgotten and there again.
        if (this.#channels.get(name) === forgotten) this.#channels.delete(name);
      });
      this.#channels.set(name, channel);
    }
    return channel;
  }

  stop(): void {
    for (const channel of this.#channels.values()) channel.stop();
  }
}

/**
 * A value said by the server API. A channel that nobody is subscribed to takes it as well, and forgets it.
 * @throws EngineRefusal 107 for another type of channel and for what is missing, 102, 108 where it is not allowed
 */
export async function publishToPoll(context: EngineContext, { channel, data, ...said }: SharedPollPublishCall): Promise<void> {
  if (channel === "" || said.key === "" || said.version === 0) throw refusal(apiErrors.badRequest);
  const namespace = context.namespaces.of(channel);
  if (namespace === undefined) throw refusal(apiErrors.unknownChannel);
  if (namespace.poll === undefined) throw refusal(apiErrors.badRequest);
  if (!namespace.poll.publishEnabled) throw refusal(apiErrors.notAvailable);
  if (data === undefined || !fitsFormat(namespace.options.publicationDataFormat, data)) throw refusal(apiErrors.badRequest);
  for (let wait = context.fanOut.admission(); wait !== undefined; wait = context.fanOut.admission()) await wait;
  context.polls.find(channel)?.publish({ ...said, data });
}

function refusal({ code, message }: { readonly code: number; readonly message: string }): EngineRefusal {
  return new EngineRefusal(code, message);
}
