import type { StreamPosition } from "@fleetcast/protocol";

/** How long an idempotency key answers with the first position (D52). */
export const idempotencyKeyTtlMs = 300_000;

/** What was answered to the first call with a key, by channel and key. */
export class IdempotencyKeys {
  /** Insertion order is expiry order: every key lives equally long. */
  readonly #first = new Map<string, { readonly position: StreamPosition; readonly atMs: number }>();

  get size(): number {
    return this.#first.size;
  }

  find(channel: string, key: string, nowMs: number): StreamPosition | undefined {
    const first = this.#first.get(idOf(channel, key));
    return first !== undefined && nowMs - first.atMs <= idempotencyKeyTtlMs ? first.position : undefined;
  }

  remember(channel: string, key: string, position: StreamPosition, nowMs: number): void {
    const id = idOf(channel, key);
    this.#first.delete(id);
    this.#first.set(id, { position, atMs: nowMs });
  }

  /** Those of one channel; looks at all. */
  forget(channel: string): void {
    const start = idOf(channel, "");
    for (const id of this.#first.keys()) if (id.startsWith(start)) this.#first.delete(id);
  }

  /** Takes away what is too old and answers when there is something to take away next. */
  sweep(nowMs: number): number {
    for (const [id, { atMs }] of this.#first) {
      if (nowMs - atMs <= idempotencyKeyTtlMs) return atMs + idempotencyKeyTtlMs;
      this.#first.delete(id);
    }
    return Number.POSITIVE_INFINITY;
  }
}

/** The length stands first, so that no two pairs share an id whatever characters they hold. */
function idOf(channel: string, key: string): string {
  return `${channel.length} ${channel}${key}`;
}
