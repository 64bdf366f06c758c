import type { Subscription } from "../connection/subscription.ts";
import type { Delivery } from "../delivery.ts";
import { compareBytewise } from "./ordered-keys.ts";

/*
 * Without a stream nothing can be read again, so a subscriber is in the hub from its first page on and everything is held
 * for it. A page tells what its keys held when it was read; of the changes only those are needed that came after the page
 * of their key:
 *
 *     keys      a ........ f | g ........ p | q ........ z
 *     page 1    read
 *     held      needed         not needed: page 2 or 3 will tell
 *     page 2                   read
 *     held      needed         needed         not needed: page 3 will tell
 */

/** Forgets what a page that is read now, from behind `cursor` on, tells by itself, and every page after it. */
export function dropCovered(subscription: Subscription, cursor: string): void {
  replaceHeld(subscription, (key) => key === undefined || (cursor !== "" && compareBytewise(key, cursor) <= 0));
}

/** Of several changes of one key only the last that is wanted matters. */
export function keepLastOfEachKey(subscription: Subscription): void {
  const last = new Map<string, Delivery>();
  for (const delivery of subscription.held ?? []) {
    const key = keyOf(delivery);
    if (key !== undefined && isWanted(subscription, delivery)) last.set(key, delivery);
  }
  replaceHeld(subscription, (key, delivery) => key === undefined || last.get(key) === delivery);
}

function replaceHeld(subscription: Subscription, isNeeded: (key: string | undefined, delivery: Delivery) => boolean): void {
  if (subscription.held === undefined) return;
  subscription.held = subscription.held.filter((delivery) => isNeeded(keyOf(delivery), delivery));
  subscription.heldBytes = subscription.held.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
}

function keyOf({ push }: Delivery): string | undefined {
  return push.kind === "publication" ? push.publication.key : undefined;
}

function isWanted({ refined }: Subscription, { push }: Delivery): boolean {
  return refined === undefined || push.kind !== "publication" || refined.wants(push.publication.tags);
}
