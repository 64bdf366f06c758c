import { expect, test } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ConnectionModel } from "./connection-model.ts";

const position = { offset: 1, epoch: "e" };

function setup() {
  const clock = new FakeClock();
  const model = new ConnectionModel(clock);
  const pass = (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 500) {
      clock.advance(Math.min(500, milliseconds - passed));
      model.tick();
    }
  };
  return { clock, model, pass };
}

function live() {
  const parts = setup();
  const { model } = parts;
  model.connecting("connect called");
  model.channelSubscribing("fleet:all");
  model.channelSubscribing("p_alert:global");
  model.connected("c1", "websocket");
  model.channelSubscribed("fleet:all", position, "no");
  model.channelSubscribed("p_alert:global", position, "no");
  return parts;
}

test("nothing is live before the first subscription is there", () => {
  const { model } = setup();
  expect(model.view.state).toBe("reconnecting");
  model.channelSubscribing("fleet:all");
  model.connected("c1", "websocket");
  expect(model.view).toMatchObject({ state: "reconnecting", everConnected: false });
  model.channelSubscribed("fleet:all", position, "no");
  expect(model.view).toMatchObject({ state: "live", everConnected: true, clientId: "c1", transport: "websocket" });
});

test("a blip under a second is not shown; a longer one is, with its attempts and since when", () => {
  const { clock, model, pass } = live();
  const lostAtMs = clock.now();
  model.connecting("transport closed");
  pass(1_000);
  expect(model.view.state).toBe("live");
  pass(500);
  expect(model.view).toMatchObject({ state: "reconnecting", attempt: 1, lostAtMs });
  model.attemptFailed("transport closed");
  model.attemptFailed("transport closed");
  expect(model.view.attempt).toBe(3);
});

test("values are known to be old within 1.5 s of the loss", () => {
  const { model, pass } = live();
  model.connecting("transport closed");
  pass(1_500);
  expect(model.view.state).toBe("reconnecting");
});

test("coming back is catching up until every former subscription is there, then says how much was recovered", () => {
  const { clock, model, pass } = live();
  model.connecting("transport closed");
  model.channelSubscribing("fleet:all");
  model.channelSubscribing("p_alert:global");
  pass(18_000);
  model.connected("c2", "websocket");
  expect(model.view.state).toBe("catching-up");
  model.channelSubscribed("p_alert:global", position, "recovered");
  for (let i = 0; i < 412; i++) model.publication("p_alert:global", i, 5_000);
  model.recoveryDelivered("p_alert:global");
  expect(model.view.state).toBe("catching-up");
  model.channelSubscribed("fleet:all", position, "recovered");
  model.recoveryDelivered("fleet:all");
  expect(model.view).toMatchObject({ state: "live", note: { recovered: 412, awayMs: 18_000 }, lostAtMs: null });
  expect(model.view.lagMs, "what was recovered is old by nature and says nothing of the delay").toBeNull();
  pass(7_500);
  expect(model.view.note).not.toBeNull();
  pass(1_000);
  expect(model.view.note).toBeNull();
  expect(clock.now()).toBeGreaterThan(0);
});

test("the first load recovers from its snapshot too, and is no catching up", () => {
  const { model } = setup();
  model.channelSubscribing("fleet:all");
  model.connected("c1", "websocket");
  model.channelSubscribed("fleet:all", position, "recovered");
  model.publication("fleet:all", 2, 10);
  model.recoveryDelivered("fleet:all");
  expect(model.view).toMatchObject({ state: "live", note: null });
});

test("a loss of position is a gap: from when to when, for eight seconds in the pill, for ever in the list", () => {
  const { clock, model, pass } = live();
  const lostAtMs = clock.now();
  model.connecting("transport closed");
  pass(5_000);
  model.connected("c2", "websocket");
  model.channelSubscribed("p_alert:global", position, "lost");
  model.gap("fleet:all");
  model.channelSubscribed("fleet:all", position, "recovered");
  model.recoveryDelivered("fleet:all");
  expect(model.view.state).toBe("gap");
  expect(model.view.gaps).toEqual([
    { channel: "p_alert:global", fromMs: lostAtMs, toMs: lostAtMs + 5_000 },
    { channel: "fleet:all", fromMs: lostAtMs, toMs: lostAtMs + 5_000 },
  ]);
  pass(8_500);
  expect(model.view.state).toBe("live");
  expect(model.view.gaps).toHaveLength(2);
});

test("slow needs a delay of two seconds for five seconds, and says which part is slow", () => {
  const { model, pass } = live();
  const late = (milliseconds: number, lagMs: number) => {
    for (let i = 0; i < milliseconds / 500; i++) {
      model.publication("fleet:all", i, lagMs);
      pass(500);
    }
  };
  late(4_500, 3_000);
  expect(model.view.state).toBe("live");
  late(2_000, 3_000);
  expect(model.view).toMatchObject({ state: "slow", lagMs: 3_000, slowHop: "push" });
  model.roundTrip(2_500);
  model.tick();
  late(500, 3_000);
  expect(model.view.slowHop).toBe("network");
  late(12_000, 40);
  expect(model.view).toMatchObject({ state: "live", lagMs: 40 });
});

test("a delay that is no longer measured is not shown", () => {
  const { model, pass } = live();
  model.publication("fleet:all", 1, 38);
  pass(500);
  expect(model.view.lagMs).toBe(38);
  pass(11_000);
  expect(model.view.lagMs).toBeNull();
});

test("no network stands above reconnecting, signed out above both", () => {
  const { model, pass } = live();
  model.connecting("transport closed");
  pass(2_000);
  model.network(false);
  expect(model.view.state).toBe("offline");
  model.signedOut("not_logged_in");
  expect(model.view).toMatchObject({ state: "signed-out", reason: "not_logged_in" });
  model.network(true);
  model.signedIn();
  expect(model.view.state).toBe("reconnecting");
});

test("a client that gave up is signed out with the reason, and live again after logging in", () => {
  const { model } = live();
  model.ended("3503 force disconnect");
  expect(model.view).toMatchObject({ state: "signed-out", reason: "3503 force disconnect" });
  model.signedIn();
  model.connecting("connect called");
  expect(model.view.state).toBe("reconnecting");
  model.connected("c9", "websocket");
  expect(model.view.state).toBe("live");
});

test("a refused channel holds nothing up", () => {
  const { model, pass } = live();
  model.channelSubscribing("feed:all");
  model.connecting("transport closed");
  pass(2_000);
  model.connected("c2", "websocket");
  model.channelSubscribed("fleet:all", position, "recovered");
  model.recoveryDelivered("fleet:all");
  model.channelSubscribed("p_alert:global", position, "recovered");
  model.recoveryDelivered("p_alert:global");
  expect(model.view.state).toBe("catching-up");
  model.channelRefused("feed:all", "103 permission denied");
  expect(model.view.state).toBe("live");
  expect(model.view.channels.find((view) => view.channel === "feed:all")).toMatchObject({
    state: "refused",
    detail: "103 permission denied",
  });
});

test("the last twenty changes of state are kept", () => {
  const { model, pass } = live();
  for (let i = 0; i < 30; i++) {
    model.network(false);
    pass(500);
    model.network(true);
    pass(500);
  }
  expect(model.view.transitions).toHaveLength(20);
  expect(model.view.transitions.at(-1)).toMatchObject({ to: "live" });
});

test("listeners hear of what can be seen, not of every publication", () => {
  const { model, pass } = live();
  let heard = 0;
  model.subscribe(() => heard++);
  for (let i = 0; i < 1_000; i++) model.publication("fleet:all", i, 20);
  expect(heard).toBe(0);
  pass(500);
  expect(heard).toBe(1);
});
