import type { StreamPosition } from "@fleetcast/protocol";
import type { JournalRow } from "@fleetcast/storage";
import { isJson } from "../raw-json/scan.ts";
import { joinParts } from "../raw-json/write.ts";

/** What goes to Centrifugo for one row. `skipped`: publications of the channel left out just before it (N4). */
export interface BatchItem {
  readonly row: JournalRow;
  readonly skipped: number;
}

/** Centrifugo's word on one item of a batch. */
export type ItemOutcome =
  | { readonly kind: "pushed"; readonly position: StreamPosition }
  | { readonly kind: "refused"; readonly code: number; readonly message: string };

/**
 * The body of `POST /api/batch`. Payloads stand in it byte for byte; `version` and `version_epoch` are the journal's position,
 * so that a repeat after a lost answer is suppressed (N2).
 */
export function encodeBatch(items: readonly BatchItem[]): Uint8Array {
  const parts: (string | Uint8Array)[] = ['{"parallel":true,"commands":['];
  items.forEach((item, index) => {
    parts.push(index === 0 ? '{"publish":{"channel":' : ',{"publish":{"channel":');
    parts.push(JSON.stringify(item.row.channel));
    pushData(parts, item.row.data);
    pushTags(parts, item);
    parts.push(`,"version":${item.row.offset},"version_epoch":${JSON.stringify(item.row.epoch)}}}`);
  });
  parts.push("]}");
  return joinParts(parts);
}

/** A payload that is no JSON would break the whole request: it goes as base64. */
function pushData(parts: (string | Uint8Array)[], data: Uint8Array): void {
  if (isJson(data)) parts.push(',"data":', data);
  else parts.push(`,"b64data":"${Buffer.from(data).toString("base64")}"`);
}

function pushTags(parts: (string | Uint8Array)[], item: BatchItem): void {
  const { tags } = item.row;
  if (item.skipped > 0) parts.push(`,"tags":${JSON.stringify({ ...tags, skipped: String(item.skipped) })}`);
  else if (tags !== undefined) parts.push(`,"tags":${JSON.stringify(tags)}`);
}

/** One outcome per item in order, or undefined when the answer is not a whole one of `count` replies. */
export function decodeBatch(body: Uint8Array, count: number): readonly ItemOutcome[] | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    // Not JSON is one more way of not being an answer.
    return undefined;
  }
  // An empty list is left out of an answer.
  const replies = count === 0 && isObject(answer) ? (memberOf(answer, "replies") ?? []) : memberOf(answer, "replies");
  if (!Array.isArray(replies) || replies.length !== count) return undefined;
  const outcomes: ItemOutcome[] = [];
  for (const reply of replies as readonly unknown[]) {
    const outcome = decodeReply(reply);
    if (outcome === undefined) return undefined;
    outcomes.push(outcome);
  }
  return outcomes;
}

function decodeReply(reply: unknown): ItemOutcome | undefined {
  const error = memberOf(reply, "error");
  if (error !== undefined) {
    const code = memberOf(error, "code");
    const message = memberOf(error, "message");
    return typeof code === "number" ? { kind: "refused", code, message: typeof message === "string" ? message : "" } : undefined;
  }
  const result = memberOf(reply, "publish");
  if (typeof result !== "object" || result === null) return undefined;
  const offset = memberOf(result, "offset") ?? 0;
  const epoch = memberOf(result, "epoch") ?? "";
  if (!Number.isSafeInteger(offset) || typeof epoch !== "string") return undefined;
  return { kind: "pushed", position: { offset: offset as number, epoch } };
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
