import type { IntakeHandler } from "@fleetcast/mqtt";
import type { Journal, JournalPublication } from "@fleetcast/storage";
import { type Span, spanKind } from "./span.ts";
import type { Tracer } from "./tracer.ts";

/** Publications whose push is awaited. Nobody tells of one that has no subscriber: the oldest are forgotten. */
const awaitedMax = 1_000;

/**
 * The way of one message: PUBLISH, validate, commit, push, socket.
 *
 *   device message  |-------------------------------| PUBACK
 *     validate      |----|
 *     commit             |--------------------------|
 *     push                                          |-----| the last subscriber's socket was handed it
 */
export class MessageTraces {
  readonly #tracer: Tracer;
  /** While a traced message is judged: what it appends belongs to it. */
  #current: Span | undefined;
  readonly #awaited = new Map<string, Span>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** `kindOf`: what a topic stands for, "other" where nothing. */
  intake(handler: IntakeHandler["message"], kindOf: (topic: string) => string): IntakeHandler["message"] {
    return (message, done) => {
      const span = this.#tracer.begin("device message", spanKind.consumer, {
        "messaging.system": "mqtt",
        "messaging.operation.type": "process",
        "messaging.message.body.size": message.payload.length,
        "fleetcast.kind": kindOf(message.topic),
      });
      if (span === undefined) {
        handler(message, done);
        return;
      }
      const validate = span.child("validate");
      let commit: Span | undefined;
      this.#current = span;
      try {
        handler(message, (error) => {
          done(error);
          commit?.end({ failed: error !== undefined });
          span.end({ failed: error !== undefined });
        });
      } finally {
        this.#current = undefined;
        validate.end();
        commit = span.child("commit");
      }
    };
  }

  /** The journal as what is traced sees it. */
  journal<J extends Pick<Journal, "append" | "appendAll">>(journal: J): Pick<Journal, "append" | "appendAll"> {
    return {
      append: (entry, done) => {
        const span = this.#current;
        if (span === undefined) journal.append(entry, done);
        else {
          journal.append(entry, (outcome) => {
            this.#awaitAll(span, entry.publications, outcome.positions);
            done(outcome);
          });
        }
      },
      appendAll: (entries, done) => {
        const span = this.#current;
        if (span === undefined) journal.appendAll(entries, done);
        else {
          journal.appendAll(entries, (outcomes) => {
            for (const [at, { publications }] of entries.entries()) this.#awaitAll(span, publications, outcomes[at]?.positions ?? []);
            done(outcomes);
          });
        }
      },
    };
  }

  /** The push of a publication begins, and is told by `delivered`. */
  await(span: Span, channel: string, offset: number): void {
    if (offset === 0) return;
    const oldest = this.#awaited.size >= awaitedMax ? this.#awaited.keys().next().value : undefined;
    if (oldest !== undefined) this.#awaited.delete(oldest);
    this.#awaited.set(`${channel} ${offset}`, span.child("push", spanKind.producer));
  }

  delivered(channel: string, offset: number, deliveredAtMs: number): void {
    if (this.#awaited.size === 0) return;
    const key = `${channel} ${offset}`;
    this.#awaited.get(key)?.end({ endMs: deliveredAtMs });
    this.#awaited.delete(key);
  }

  #awaitAll(span: Span, publications: readonly JournalPublication[], positions: readonly { readonly offset: number }[]): void {
    for (const [at, { channel }] of publications.entries()) this.await(span, channel, positions[at]?.offset ?? 0);
  }
}
