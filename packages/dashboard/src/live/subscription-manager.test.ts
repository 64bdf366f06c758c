import { expect, test } from "vitest";
import { FakeClient } from "../../testing/fake-client.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ConnectionModel } from "./connection-model.ts";
import { type Arrival, type ManagerTiming, SubscriptionManager } from "./subscription-manager.ts";

function setup(timing: Partial<ManagerTiming> = {}) {
  const clock = new FakeClock();
  const client = new FakeClient();
  const model = new ConnectionModel(clock);
  const manager = new SubscriptionManager(client, model, clock, () => null, timing);
  return { clock, client, model, manager };
}

test("two screens share one subscription, and both hear", () => {
  const { client, manager } = setup();
  const heard: string[] = [];
  manager.acquire({ channel: "events:A" }, { publication: () => heard.push("one") });
  manager.acquire({ channel: "events:A" }, { publication: () => heard.push("two") });
  client.get("events:A").answer();
  client.get("events:A").publish({ offset: 1 });
  expect(heard).toEqual(["one", "two"]);
  expect(client.subscriptions.size).toBe(1);
});

test("a channel nobody wants is kept five seconds, then unsubscribed but not forgotten", () => {
  const { clock, client, manager } = setup();
  const lease = manager.acquire({ channel: "telemetry:A" }, {});
  client.get("telemetry:A").answer();
  lease.release();
  lease.release();
  clock.advance(4_999);
  expect(client.get("telemetry:A").state).toBe("subscribed");
  clock.advance(1);
  expect(client.get("telemetry:A").state).toBe("unsubscribed");
  expect(client.removed).toEqual([]);
  manager.acquire({ channel: "telemetry:A" }, {});
  expect(client.get("telemetry:A").state).toBe("subscribing");
});

test("coming back within five seconds goes on with the same subscription, and says so at once", () => {
  const { clock, client, manager } = setup();
  manager.acquire({ channel: "telemetry:A" }, {}).release();
  client.get("telemetry:A").answer();
  clock.advance(3_000);
  const arrivals: Arrival[] = [];
  manager.acquire({ channel: "telemetry:A" }, { subscribed: (arrival) => arrivals.push(arrival) });
  clock.advance(60_000);
  expect(client.get("telemetry:A").state).toBe("subscribed");
  expect(arrivals).toEqual(["fresh"]);
});

test("beyond the budget the least recently used idle channel is let go, never a wanted one", () => {
  const { clock, client, manager } = setup({ channelsMax: 3 });
  const wanted = manager.acquire({ channel: "events:wanted" }, {});
  for (const name of ["a", "b", "c"]) {
    manager.acquire({ channel: `telemetry:${name}` }, {}).release();
    clock.advance(10);
  }
  manager.acquire({ channel: "telemetry:d" }, {});
  expect(manager.size).toBe(3);
  expect(client.removed).toEqual(["telemetry:a", "telemetry:b"]);
  expect(client.subscriptions.has("events:wanted")).toBe(true);
  wanted.release();
});

test("fresh, recovered and lost are told apart", () => {
  const { client, manager } = setup();
  const arrivals: Arrival[] = [];
  manager.acquire({ channel: "events:A" }, { subscribed: (arrival) => arrivals.push(arrival) });
  const subscription = client.get("events:A");
  subscription.answer();
  subscription.lose();
  subscription.answer({ wasRecovering: true, recovered: true });
  subscription.lose();
  subscription.answer({ wasRecovering: true, recovered: false });
  expect(arrivals).toEqual(["fresh", "recovered", "lost"]);
});

test("the publications of a recovery are counted as such, up to the end of their task", async () => {
  const { client, model, manager } = setup();
  manager.acquire({ channel: "events:A" }, {});
  const subscription = client.get("events:A");
  model.connected("c1", "websocket");
  subscription.answer();
  model.connecting("transport closed");
  subscription.lose();
  model.connected("c2", "websocket");
  subscription.answer({ wasRecovering: true, recovered: true }, [{ offset: 1 }, { offset: 2 }, { offset: 3 }]);
  await Promise.resolve();
  expect(model.view.note?.recovered).toBe(3);
  subscription.publish({ offset: 4 });
  expect(model.view.note?.recovered).toBe(3);
});

test("a refusal is told with its code", () => {
  const { client, model, manager } = setup();
  let told = "";
  manager.acquire({ channel: "feed:all" }, { refused: (code, reason) => (told = `${code} ${reason}`) });
  client.get("feed:all").refuse(103, "permission denied");
  expect(told).toBe("103 permission denied");
  expect(model.view.channels[0]?.state).toBe("refused");
});

test("five minutes hidden leaves only what is pinned; on return the rest is subscribed again from where it was", () => {
  const { clock, client, manager } = setup();
  manager.acquire({ channel: "p_alert:global", pinned: true }, {});
  manager.acquire({ channel: "fleet:all" }, {});
  for (const subscription of client.subscriptions.values()) subscription.answer();
  manager.visibilityChanged(true);
  clock.advance(299_999);
  expect(client.get("fleet:all").state).toBe("subscribed");
  clock.advance(1);
  expect(client.get("fleet:all").state).toBe("unsubscribed");
  expect(client.get("p_alert:global").state).toBe("subscribed");
  manager.visibilityChanged(false);
  expect(client.get("fleet:all").state).toBe("subscribing");
  expect(client.removed).toEqual([]);
});

test("a short absence changes nothing", () => {
  const { clock, client, manager } = setup();
  manager.acquire({ channel: "fleet:all" }, {});
  client.get("fleet:all").answer();
  manager.visibilityChanged(true);
  clock.advance(60_000);
  manager.visibilityChanged(false);
  clock.advance(600_000);
  expect(client.get("fleet:all").state).toBe("subscribed");
});

test("a batch that throws is still closed", () => {
  const { client, manager } = setup();
  let closed = 0;
  client.stopBatching = () => closed++;
  expect(() =>
    manager.batch(() => {
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(closed).toBe(1);
});
