import type { JournalEntry, JournalPublication, JournalRecord, MessageIdentity } from "@fleetcast/storage";
import type { Transition } from "../fleet/device-state.ts";
import type { Effects } from "../fleet/effects.ts";
import type { Machine } from "../fleet/machine.ts";
import type { Refusal } from "./refusal.ts";

/** What one message comes to, before the commit. */
export type Judgement =
  | { readonly kind: "refused"; readonly vmId: string | null; readonly refusal: Refusal }
  /** Acknowledged in its turn, with nothing to store. */
  | { readonly kind: "ignored"; readonly machine: Machine | undefined; readonly state?: StateChange | undefined }
  | Accepted;

export interface Accepted {
  readonly kind: "accepted";
  readonly machine: Machine;
  readonly identity: MessageIdentity | undefined;
  readonly records: readonly JournalRecord[];
  readonly publications: readonly JournalPublication[];
  /** The machine came or went by this message. */
  readonly state?: StateChange | undefined;
  /** The entry is in the store. */
  readonly stored?: (() => void) | undefined;
  /** It is not (a repeat, or refused by the store): what the judgement moved ahead goes back. */
  readonly undo?: (() => void) | undefined;
}

export interface StateChange {
  readonly machine: Machine;
  readonly transition: Transition;
  readonly effects: Effects;
}

/**
 * A message's entry, and before it the entry of the state change it caused, where the two must be apart: the store drops an
 * entry whose identity it has, and with it would go a change that was judged for good. Both are one transaction.
 */
export function entriesOf(
  atMs: number,
  topic: string,
  payload: Uint8Array,
  judgement: Exclude<Judgement, { kind: "refused" }>,
): readonly [JournalEntry] | readonly [JournalEntry, JournalEntry] {
  const change = judgement.state?.effects;
  if (judgement.kind === "ignored") return [{ atMs, records: change?.records ?? [], publications: change?.publications ?? [] }];
  const { identity, publications, records } = judgement;
  if (identity === undefined) {
    if (change === undefined) return [{ atMs, topic, payload, records, publications }];
    return [{ atMs, topic, payload, records: [...change.records, ...records], publications: [...change.publications, ...publications] }];
  }
  const entry: JournalEntry = { atMs, identity, payload, topic, records, publications };
  return change === undefined ? [entry] : [{ atMs, records: change.records, publications: change.publications }, entry];
}
