import { expect, test } from "vitest";
import { FakeClock, FakeFrames } from "../../testing/fake-clock.ts";
import { FlushLoop } from "./flush-loop.ts";

function setup() {
  const clock = new FakeClock();
  const frames = new FakeFrames();
  const loop = new FlushLoop(clock, frames);
  let flushes = 0;
  loop.add(() => flushes++);
  return { clock, frames, loop, flushes: () => flushes };
}

test("a thousand marks within 250 ms are one flush, on one frame", () => {
  const { clock, frames, loop, flushes } = setup();
  for (let i = 0; i < 1_000; i++) loop.mark("batched");
  clock.advance(249);
  expect(frames.requested).toBe(0);
  clock.advance(1);
  expect(frames.requested).toBe(1);
  frames.draw();
  expect(flushes()).toBe(1);
  clock.advance(10_000);
  frames.draw();
  expect(flushes()).toBe(1);
});

test("an urgent mark takes the next frame and what was gathered with it", () => {
  const { clock, frames, loop, flushes } = setup();
  loop.mark("batched");
  loop.mark("urgent");
  loop.mark("urgent");
  expect(frames.requested).toBe(1);
  expect(clock.pending).toBe(0);
  frames.draw();
  expect(flushes()).toBe(1);
});

test("a hidden page draws nothing and flushes once when it is seen again", () => {
  const { clock, frames, loop, flushes } = setup();
  loop.mark("batched");
  frames.isHidden = true;
  loop.visibilityChanged();
  expect(clock.pending).toBe(0);
  for (let i = 0; i < 50; i++) loop.mark(i % 2 === 0 ? "batched" : "urgent");
  expect(clock.pending + frames.requested).toBe(0);
  frames.isHidden = false;
  loop.visibilityChanged();
  frames.draw();
  expect(flushes()).toBe(1);
});

test("a mark during a flush begins the next one", () => {
  const { clock, frames, loop } = setup();
  let marked = false;
  loop.add(() => {
    if (!marked) loop.mark("batched");
    marked = true;
  });
  loop.mark("urgent");
  frames.draw();
  expect(clock.pending).toBe(1);
});
