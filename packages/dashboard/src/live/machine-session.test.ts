import type { Me, Series } from "@fleetcast/protocol";
import { expect, test, vi } from "vitest";
import { FakeClient } from "../../testing/fake-client.ts";
import { FakeClock, FakeFrames } from "../../testing/fake-clock.ts";
import { ServerClock } from "./clock.ts";
import { ConnectionModel } from "./connection-model.ts";
import { EventFeed } from "./event-feed.ts";
import { FlushLoop } from "./flush-loop.ts";
import type { LiveApp } from "./live-app.ts";
import { MachineSession, placeOnChart } from "./machine-session.ts";
import { PopupCenter } from "./popup-center.ts";
import { SubscriptionManager } from "./subscription-manager.ts";

const me: Me = { id: "u_me", name: "me", role: "admin", csrf: "", server_time_ms: 0 };

function setup() {
  const clock = new FakeClock();
  const frames = new FakeFrames();
  const loop = new FlushLoop(clock, frames);
  const client = new FakeClient();
  const model = new ConnectionModel(clock);
  const answers: ((series: Series) => void)[] = [];
  const serverClock = new ServerClock(clock);
  const app = {
    me,
    clock,
    loop,
    serverClock,
    model,
    feed: new EventFeed(loop),
    popups: new PopupCenter(clock),
    healFeed: vi.fn(),
    subscriptions: new SubscriptionManager(client, model, clock, () => null),
    origin: (context: { channel: string; offset?: number }) => ({
      channel: context.channel,
      offset: context.offset ?? null,
      atMs: clock.now(),
      tags: undefined,
    }),
    api: {
      series: vi.fn(() => new Promise<Series>((resolve) => answers.push(resolve))),
      events: vi.fn(() => Promise.resolve({ events: [], next_before_ms: null })),
    },
  };
  const session = new MachineSession(app as unknown as LiveApp, "VM-1", 900_000);
  session.open();
  const flush = () => {
    clock.advance(250);
    frames.draw();
  };
  const reading = (atMs: number, offset: number, voltage = 220) =>
    client.get("telemetry:VM-1").publish({ offset, tags: { at: String(atMs) }, data: { system: { voltage } } });
  return { app, clock, client, answers, session, flush, reading };
}

const empty: Series = { from_ms: 0, to_ms: 0, bucket_ms: 1, fields: {} };
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("the series is asked for only once the subscription is there", async () => {
  const { app, client, answers, session, reading } = setup();
  expect(app.api.series).not.toHaveBeenCalled();
  client.get("telemetry:VM-1").answer();
  expect(app.api.series).toHaveBeenCalledTimes(1);
  reading(1_700_000_000_100, 1);
  answers[0]!({ ...empty, to_ms: 1_700_000_000_000 });
  await settled();
  expect(session.phase).toEqual({ name: "ready" });
  expect(session.timeline.ring("voltage_v").length).toBe(1);
});

test("a recovery goes on where it was; a loss loads anew", async () => {
  const { app, client, answers } = setup();
  const telemetry = client.get("telemetry:VM-1");
  telemetry.answer();
  answers[0]!(empty);
  await settled();
  telemetry.lose();
  telemetry.answer({ wasRecovering: true, recovered: true });
  expect(app.api.series).toHaveBeenCalledTimes(1);
  telemetry.lose();
  telemetry.answer({ wasRecovering: true, recovered: false });
  expect(app.api.series).toHaveBeenCalledTimes(2);
});

test("an answer that was overtaken by a newer question is not used", async () => {
  const { client, answers, session } = setup();
  client.get("telemetry:VM-1").answer();
  session.show(3_600_000, 800);
  const column = { t_ms: [1], min: [1], avg: [1], max: [1] };
  answers[1]!({ ...empty, fields: { temp_c: column } });
  await settled();
  answers[0]!(empty);
  await settled();
  expect(session.timeline.ring("temp_c").length).toBe(1);
});

test("without a connection the stored series is shown after a moment", () => {
  const { app, clock } = setup();
  clock.advance(1_499);
  expect(app.api.series).not.toHaveBeenCalled();
  clock.advance(1);
  expect(app.api.series).toHaveBeenCalledTimes(1);
});

test("a message for people goes to both feeds and pops up; its number joins the chart", async () => {
  const { app, client, answers, session } = setup();
  const shown = vi.fn();
  app.popups.listen(shown);
  client.get("telemetry:VM-1").answer();
  answers[0]!(empty);
  await settled();
  client.get("telemetry:VM-1").publish({ offset: 1, data: { voltage: 221.5, msg: "实时电压波动" } });
  expect(shown).toHaveBeenCalledWith(expect.objectContaining({ kind: "message", text: "实时电压波动" }));
  expect(session.timeline.ring("voltage_v").averageAt(0)).toBe(221.5);
});

test("the last fifty payloads are kept, newest first, joined to the channel's history without doubles", async () => {
  const { client, session, flush, reading } = setup();
  const telemetry = client.get("telemetry:VM-1");
  telemetry.historyAnswer = [12, 11, 10].map((offset) => ({ channel: "telemetry:VM-1", data: {}, offset, tags: { at: "1000" } }));
  telemetry.answer();
  reading(2_000, 12);
  reading(2_000, 13);
  await settled();
  flush();
  expect(session.raw.map((raw) => raw.offset)).toEqual([13, 12, 11, 10]);
  for (let offset = 14; offset < 100; offset++) reading(3_000, offset);
  flush();
  expect(session.raw).toHaveLength(50);
  expect(session.raw[0]?.offset).toBe(99);
});

test("a loss of events is healed from what is stored", async () => {
  const { app, client } = setup();
  const events = client.get("events:VM-1");
  events.answer();
  events.lose();
  events.answer({ wasRecovering: true, recovered: false });
  expect(app.healFeed).toHaveBeenCalledTimes(1);
});

test("who watches is asked with each subscription and follows joins and leaves", async () => {
  const { client, session } = setup();
  const events = client.get("events:VM-1");
  expect(events.options.joinLeave).toBe(true);
  events.presenceAnswer = { clients: { c1: { client: "c1", user: "u_me", connInfo: { name: "me" } } } };
  events.answer();
  await settled();
  events.join({ client: "c2", user: "u_li", connInfo: { name: "李娜" } });
  expect(session.watchers.list.map((watcher) => watcher.name)).toEqual(["me", "李娜"]);
  events.leave({ client: "c2", user: "u_li" });
  expect(session.watchers.list).toHaveLength(1);
});

test("where no joins come, presence is asked for every ten seconds, and no longer once one has come", async () => {
  const { clock, client, session } = setup();
  const events = client.get("events:VM-1");
  const asked = vi.spyOn(events, "presence");
  events.answer();
  await settled();
  for (let i = 0; i < 3; i++) {
    clock.advance(10_000);
    await settled();
  }
  expect(asked).toHaveBeenCalledTimes(4);
  events.join({ client: "c2", user: "u_li", connInfo: { name: "李娜" } });
  clock.advance(10_000);
  await settled();
  clock.advance(60_000);
  await settled();
  expect(asked.mock.calls.length).toBeLessThanOrEqual(5);
  session.close();
});

test("closing gives the channels back", () => {
  const { clock, client, session } = setup();
  for (const subscription of client.subscriptions.values()) subscription.answer();
  session.close();
  clock.advance(5_000);
  expect([...client.subscriptions.values()].map((subscription) => subscription.state)).toEqual(["unsubscribed", "unsubscribed"]);
});

test("a reading stands at the machine's time unless its clock is a day off", () => {
  expect(placeOnChart(1_000_000_000, 999_990_000)).toBe(999_990_000);
  expect(placeOnChart(1_000_000_000, 1)).toBe(1_000_000_000);
  expect(placeOnChart(1_000_000_000, null)).toBe(1_000_000_000);
});
