import type { FleetEvent } from "@fleetcast/protocol";
import { expect, test } from "vitest";
import { FakeClock, FakeFrames } from "../../testing/fake-clock.ts";
import { collapseRepeats } from "./collapse.ts";
import { EventFeed, type FeedItem } from "./event-feed.ts";
import { FlushLoop } from "./flush-loop.ts";

function event(id: string, atMs: number, change: Partial<FleetEvent> = {}): FleetEvent {
  return { event_id: id, vm_id: "A", type: "vend_success", severity: "info", ts: null, at_ms: atMs, data: null, ...change };
}

function setup(itemsMax?: number) {
  const clock = new FakeClock();
  const frames = new FakeFrames();
  const feed = new EventFeed(new FlushLoop(clock, frames), itemsMax);
  feed.open();
  const flush = () => {
    clock.advance(250);
    frames.draw();
  };
  return { feed, flush };
}

const ids = (feed: EventFeed) => feed.items.map((item) => item.id);

test("newest first, each once, wherever it comes from", () => {
  const { feed, flush } = setup();
  expect(feed.addEvent(event("b", 20))).toBe(true);
  feed.addEvent(event("c", 30));
  feed.addEvent(event("a", 10));
  expect(feed.addEvent(event("b", 20))).toBe(false);
  flush();
  expect(ids(feed)).toEqual(["c", "b", "a"]);
});

test("bounded: the oldest goes, and the feed says so", () => {
  const { feed, flush } = setup(3);
  for (let i = 0; i < 3; i++) feed.addEvent(event(`e${i}`, i));
  expect(feed.trimmed).toBe(false);
  feed.addEvent(event("e3", 3));
  flush();
  expect(ids(feed)).toEqual(["e3", "e2", "e1"]);
  expect(feed.trimmed).toBe(true);
});

test("what listeners hold is never changed under them", () => {
  const { feed, flush } = setup();
  feed.addEvent(event("a", 1));
  flush();
  const before = feed.items;
  feed.addEvent(event("b", 2));
  expect(before).toHaveLength(1);
  expect(feed.items).toBe(before);
  flush();
  expect(feed.items).toHaveLength(2);
});

test("a closed feed is silent and can be opened again", () => {
  const { feed, flush } = setup();
  feed.close();
  feed.addEvent(event("a", 1));
  flush();
  expect(feed.items).toHaveLength(0);
  feed.open();
  flush();
  expect(feed.items).toHaveLength(1);
});

test("repeats of one type and machine within a minute are one line that counts", () => {
  const items: FeedItem[] = [
    event("e", 100_000),
    event("d", 90_000),
    event("c", 45_000),
    event("b", 30_000),
    event("a", 20_000, { vm_id: "B" }),
  ].map((item) => ({ kind: "event", id: item.event_id, event: item }));
  const lines = collapseRepeats(items);
  expect(lines.map((line) => [line.item.id, line.count])).toEqual([
    ["e", 3],
    ["b", 1],
    ["a", 1],
  ]);
});

test("a divider parts what would otherwise be a repeat", () => {
  const items: FeedItem[] = [
    { kind: "event", id: "b", event: event("b", 30) },
    { kind: "gap", id: "gap", fromMs: 10, toMs: 20 },
    { kind: "event", id: "a", event: event("a", 5) },
  ];
  expect(collapseRepeats(items)).toHaveLength(3);
});
