import { type FeedItem, timeOf } from "./event-feed.ts";

/** A line of a feed that stands for `count` items: the newest of them, and since when they came. */
export interface CollapsedLine {
  readonly item: FeedItem;
  readonly count: number;
  readonly sinceMs: number;
}

const repeatWindowMs = 60_000;

/** Folds neighbours of one type and machine within 60 s into one line ("x12"). Takes and gives newest first. */
export function collapseRepeats(items: readonly FeedItem[]): CollapsedLine[] {
  const lines: CollapsedLine[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && isRepeat(last.item, item) && timeOf(last.item) - timeOf(item) <= repeatWindowMs) {
      lines[lines.length - 1] = { item: last.item, count: last.count + 1, sinceMs: timeOf(item) };
    } else {
      lines.push({ item, count: 1, sinceMs: timeOf(item) });
    }
  }
  return lines;
}

function isRepeat(newer: FeedItem, older: FeedItem): boolean {
  return (
    newer.kind === "event" && older.kind === "event" && newer.event.vm_id === older.event.vm_id && newer.event.type === older.event.type
  );
}
