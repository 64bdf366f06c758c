import { expect, test } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ServerClock } from "./clock.ts";

test("the sample with the shortest round trip is believed", () => {
  const clock = new FakeClock(10_000);
  const server = new ServerClock(clock);
  expect(server.now()).toBe(10_000);
  server.sample(15_000, 9_000, 10_000);
  expect(server.offsetMs).toBe(5_500);
  server.sample(15_000, 9_980, 10_000);
  expect(server.offsetMs).toBe(5_010);
  server.sample(99_000, 8_000, 10_000);
  expect(server.offsetMs).toBe(5_010);
  expect(server.now()).toBe(15_010);
});
