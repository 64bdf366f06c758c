import type { EventPage, FleetEvent, FleetSnapshot, Me } from "@fleetcast/protocol";
import { UnauthorizedError } from "centrifuge";
import { expect, test, vi } from "vitest";
import { FakeClient } from "../../testing/fake-client.ts";
import { FakeClock, FakeFrames } from "../../testing/fake-clock.ts";
import { type Api, ApiError } from "../api/client.ts";
import { ServerClock } from "./clock.ts";
import { ConnectionModel } from "./connection-model.ts";
import { FlushLoop } from "./flush-loop.ts";
import { LiveApp } from "./live-app.ts";
import type { Popup } from "./popup-center.ts";

const me: Me = { id: "u_me", name: "me", role: "admin", csrf: "", server_time_ms: 0 };
const totals = { machines: 1, online: 1, offline: 0, in_alarm: 0, vends_today: 0 };
const emptyPage: EventPage = { events: [], next_before_ms: null };

function event(id: string, atMs: number, change: Partial<FleetEvent> = {}): FleetEvent {
  return { event_id: id, vm_id: "VM-1", type: "shake", severity: "warning", ts: null, at_ms: atMs, data: null, ...change };
}

function setup() {
  const clock = new FakeClock();
  const frames = new FakeFrames();
  const loop = new FlushLoop(clock, frames);
  const model = new ConnectionModel(clock);
  const client = Object.assign(new FakeClient(), {
    state: "disconnected",
    on: () => {},
    connect: vi.fn(() => {
      client.state = "connected";
    }),
    disconnect: vi.fn(),
    setToken: vi.fn(),
  });
  const snapshot: FleetSnapshot = { channel: "fleet:all", position: { offset: 40, epoch: "e" }, at_ms: 1, totals, rows: [] };
  const api = {
    fleet: vi.fn(() => Promise.resolve(snapshot)),
    events: vi.fn(() => Promise.resolve(emptyPage)),
    realtimeToken: vi.fn(() => Promise.resolve({ token: "t2", ttl_s: 1, url: "/x" })),
    subscriptionToken: vi.fn(() => Promise.resolve({ token: "s1" })),
  };
  let asked: { url: string; getToken: () => Promise<string> } | undefined;
  const live = new LiveApp({
    me,
    token: { token: "t1", ttl_s: 600, url: "/connection/websocket" },
    api: api as unknown as Api,
    clock,
    serverClock: new ServerClock(clock),
    loop,
    model,
    pageAddress: "http://localhost:8000/events?type=shake",
    hidden: () => false,
    dismissed: { read: () => [], write: () => {} },
    createClient: (url, options) => {
      asked = { url, getToken: options.getToken };
      return client as never;
    },
  });
  live.start();
  const popups: Popup[] = [];
  live.popups.listen((popup) => popups.push(popup));
  const flush = () => {
    clock.advance(250);
    frames.draw();
  };
  return { clock, client, api, live, model, popups, flush, asked: () => asked! };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("the fixed channels are subscribed in one batch, alarms and receipts pinned, to the address of the token", () => {
  const { client, asked } = setup();
  expect([...client.subscriptions.keys()]).toEqual(["p_alert:global", "user_cmd:u_me", "fleet:all", "feed:all"]);
  expect(client.batches).toBe(1);
  expect(asked().url).toBe("ws://localhost:8000/connection/websocket");
});

test("the fleet subscribes from its snapshot's position; a second snapshot on the way is a gap", async () => {
  const { client, live, model } = setup();
  const { getState } = client.get("fleet:all").options;
  expect(await getState?.()).toEqual({ offset: 40, epoch: "e" });
  expect(live.store.loaded).toBe(true);
  expect(model.view.gaps).toHaveLength(0);
  await getState?.();
  model.tick();
  expect(model.view.gaps).toHaveLength(1);
});

test("a snapshot that was refused is no gap when it succeeds later", async () => {
  const { api, client, model } = setup();
  api.fleet.mockRejectedValueOnce(new ApiError(0, { code: "unreachable", detail: "" }));
  const { getState } = client.get("fleet:all").options;
  await expect(getState?.()).rejects.toBeInstanceOf(ApiError);
  await getState?.();
  model.tick();
  expect(model.view.gaps).toHaveLength(0);
});

test.each([401, 403])("a token refused with %j stops the client for good", async (status) => {
  const { api, asked } = setup();
  api.realtimeToken.mockRejectedValue(new ApiError(status, { code: "x", detail: "" }));
  await expect(asked().getToken()).rejects.toBeInstanceOf(UnauthorizedError);
});

test("a token that got no answer is asked for again by the client", async () => {
  const { api, asked, client } = setup();
  api.realtimeToken.mockRejectedValue(new ApiError(0, { code: "unreachable", detail: "" }));
  const refusal = await asked()
    .getToken()
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ApiError);
  expect(await client.get("fleet:all").options.getToken?.({ channel: "fleet:all" })).toBe("s1");
  expect(api.subscriptionToken).toHaveBeenCalledWith("fleet:all");
});

test("while the fleet's feed is silent, events of other machines are asked for; once it speaks, no longer", async () => {
  const { api, clock, client, live, popups } = setup();
  await settled();
  const first = api.events.mock.calls.length;
  api.events.mockResolvedValueOnce({ events: [event("e1", clock.now())], next_before_ms: null });
  clock.advance(3_000);
  await settled();
  expect(api.events.mock.calls.length).toBe(first + 1);
  expect(popups).toHaveLength(1);
  client.get("feed:all").answer();
  client.get("feed:all").publish({ offset: 1, data: { events: [event("e2", clock.now()), event("e1", clock.now())] } });
  expect(popups).toHaveLength(2);
  const spoken = api.events.mock.calls.length;
  clock.advance(60_000);
  await settled();
  expect(api.events.mock.calls.length).toBe(spoken);
  live.stop();
});

test("what happened before the page was opened fills the feed without popping up", async () => {
  const { api, live, popups, flush } = setup();
  expect(api.events).toHaveBeenCalledTimes(1);
  await settled();
  flush();
  expect(popups).toHaveLength(0);
  expect(live.feed.items).toHaveLength(0);
});

test("a critical alert stands in the banner, in the feed, and pops up once although it comes twice", () => {
  const { clock, client, live, popups, flush } = setup();
  const alarm = { id: "a1", event_id: "e9", vm_id: "VM-3", type: "alarm", severity: "critical" };
  client.get("p_alert:global").publish({ offset: 1, tags: { at: String(clock.now()) }, data: { alarm, change: "raised", event: {} } });
  client.get("feed:all").publish({ offset: 1, data: { events: [event("e9", clock.now(), { vm_id: "VM-3", severity: "critical" })] } });
  flush();
  expect(live.notices.criticalCount).toBe(1);
  expect(live.feed.items).toHaveLength(1);
  expect(popups).toHaveLength(1);
});

test("notices of the last day are shown to whoever comes later", async () => {
  const { clock, client, live } = setup();
  const alerts = client.get("p_alert:global");
  const entry = (offset: number, data: unknown, tags?: Record<string, string>) => ({
    channel: "",
    offset,
    data,
    ...(tags === undefined ? {} : { tags }),
  });
  alerts.historyAnswer = [
    entry(3, { level: "P0", content: "now" }),
    entry(2, { level: "P1", content: "an hour ago" }, { at: String(clock.now() - 3_600_000) }),
    entry(1, { level: "P1", content: "the day before" }, { at: String(clock.now() - 90_000_000) }),
  ];
  alerts.answer();
  await settled();
  expect(live.notices.notices.map((notice) => [notice.content, notice.atMs])).toEqual([
    ["now", null],
    ["an hour ago", clock.now() - 3_600_000],
  ]);
});

test("a lost feed is healed from what is stored; a divider stands only where that does not reach back", async () => {
  const { live, flush } = setup();
  live.feed.addEvent(event("known", 100));
  await live.healFeed(live.feed, () => Promise.resolve({ events: [event("missed", 150), event("known", 100)], next_before_ms: 90 }));
  flush();
  expect(live.feed.items.map((item) => item.kind)).toEqual(["event", "event"]);
  await live.healFeed(live.feed, () => Promise.resolve({ events: [event("later", 900)], next_before_ms: 800 }));
  await live.healFeed(live.feed, () => Promise.reject(new Error("no answer")));
  flush();
  expect(live.feed.items.filter((item) => item.kind === "gap")).not.toHaveLength(0);
});

test("after logging in again the former token is not used, and a channel refused meanwhile is asked for again", () => {
  const { client, live } = setup();
  client.get("fleet:all").answer();
  client.get("fleet:all").refuse(1, "unauthorized");
  client.state = "disconnected";
  live.signedInAgain();
  expect(client.setToken).toHaveBeenCalledWith("");
  expect(client.connect).toHaveBeenCalledTimes(2);
  expect(client.get("fleet:all").state).toBe("subscribing");
});

test("a retry starts the attempt anew without being taken for a signing out", () => {
  const { client, live, model } = setup();
  client.state = "connecting";
  live.retry();
  expect(client.disconnect).toHaveBeenCalledTimes(1);
  expect(client.connect).toHaveBeenCalledTimes(2);
  expect(model.view.state).not.toBe("signed-out");
});
