import assert from "node:assert/strict";
import { test } from "node:test";
import { type BenchSetup, bytes, EngineBench, type TestClient } from "../../testing/index.ts";

const namespaces = { vm: { allowSubscribeForClient: true } };

async function subscribers(count: number, setup: BenchSetup = {}): Promise<[EngineBench, TestClient[]]> {
  const b = new EngineBench({ namespaces, ...setup });
  const clients: TestClient[] = [];
  for (let n = 0; n < count; n++) {
    const client = await b.connect({ user: `u${n}` });
    await client.subscribe("vm:a");
    client.socket.arrived.splice(0);
    clients.push(client);
  }
  return [b, clients];
}

/** Publishes without waiting in between, as one tick of work does. */
function publishAtOnce(b: EngineBench, from: number, to: number, size = 1): Promise<unknown> {
  const published: Promise<unknown>[] = [];
  for (let n = from; n <= to; n++) published.push(b.engine.publish({ channel: "vm:a", data: bytes(`"${String(n).padStart(size, "0")}"`) }));
  return Promise.all(published).then(() => b.clock.settle());
}

const numbers = (client: TestClient) =>
  client.socket.arrived.flatMap((frame) =>
    String(frame)
      .split("\n")
      .map((line) => Number(JSON.parse(line).push.pub.data)),
  );
const upTo = (n: number) => Array.from({ length: n }, (_, at) => at + 1);

test("[OB1] what one tick produced leaves joined, at most 16 messages a frame, in order", async () => {
  const [b, clients] = await subscribers(3);
  await publishAtOnce(b, 1, 40);
  for (const client of clients) {
    assert.deepEqual(
      client.socket.arrived.map((frame) => String(frame).split("\n").length),
      [16, 16, 8],
    );
    assert.deepEqual(numbers(client), upTo(40));
  }
});

test("[OB2] subscribers with other messages in between still get their own, all in one order", async () => {
  const [b, [one, two]] = await subscribers(2);
  assert.ok(one && two);
  const published = publishAtOnce(b, 1, 3);
  one.say('{"id":7,"rpc":{}}');
  await published;
  await publishAtOnce(b, 4, 5);
  const lines = one.socket.arrived.flatMap((frame) => String(frame).split("\n"));
  assert.equal(lines.filter((line) => line.includes('"id":7')).length, 1);
  assert.deepEqual(numbers(two), upTo(5));
  assert.deepEqual(
    lines.filter((line) => !line.includes('"id":7')).map((line) => Number(JSON.parse(line).push.pub.data)),
    upTo(5),
  );
});

test("[D21] after the first queued frame nothing more is handed over until drained, then everything follows in order", async () => {
  const [b, [slow, fast]] = await subscribers(2);
  assert.ok(slow && fast);
  slow.socket.stall();
  for (let n = 1; n <= 60; n++) await publishAtOnce(b, n, n);
  assert.deepEqual(numbers(fast), upTo(60), "others do not notice");
  assert.deepEqual(slow.socket.arrived, []);
  assert.equal(slow.socket.sendCount - 2, 1);
  assert.ok(b.engine.stats().queuedBytes > 0);
  slow.socket.take(true); // one more frame fits, then the peer stops again
  await publishAtOnce(b, 61, 62);
  slow.socket.take();
  await b.clock.settle();
  assert.deepEqual(numbers(slow), upTo(62));
  assert.equal(slow.socket.sentWhileQueued, 0);
  assert.equal(b.engine.stats().queuedBytes, 0);
});

test("[P6] a burst above the limit within one tick is no slow reader while the socket takes it", async () => {
  const [b, [client]] = await subscribers(1, { options: { queueBytesMax: 1_000 } });
  assert.ok(client);
  await publishAtOnce(b, 1, 40, 300);
  assert.equal(client.closeCode, undefined);
  assert.deepEqual(numbers(client), upTo(40));
});

test("[P6] a single message above the limit is one, on an idle socket too", async () => {
  const [b, [client]] = await subscribers(1, { options: { queueBytesMax: 1_000 } });
  assert.ok(client);
  await publishAtOnce(b, 1, 1, 2_000);
  assert.equal(client.closeCode, 3008);
});

test("[P6] [D23] a reader with more than the limit waiting is out of the hub at once; 3008 when it drains within a second", async () => {
  const [b, [slow, fast]] = await subscribers(2, { options: { queueBytesMax: 10_000 } });
  assert.ok(slow && fast);
  slow.socket.stall();
  await publishAtOnce(b, 1, 1);
  for (let n = 2; n <= 200; n++) {
    await publishAtOnce(b, n, n, 100);
    assert.ok(b.engine.stats().queuedBytes <= 10_200);
  }
  assert.deepEqual([b.engine.stats().subscriptions, b.engine.stats().connections, b.engine.stats().slowDisconnects], [1, 1, 1]);
  assert.equal(b.engine.stats().queuedBytes, 0, "its memory is given back at once");
  assert.equal(slow.closeCode, undefined);
  await b.clock.advance(500);
  slow.socket.take();
  assert.deepEqual(slow.socket.ended, { code: 3008, reason: "slow" });
  assert.deepEqual(numbers(slow), [1], "what waited is not sent any more");
  assert.equal(numbers(fast).length, 200);
});

test("[D23] a slow reader that does not drain is cut after a second", async () => {
  const [b, [slow]] = await subscribers(1, { options: { queueBytesMax: 1_000 } });
  assert.ok(slow);
  slow.socket.stall();
  await publishAtOnce(b, 1, 1);
  await publishAtOnce(b, 2, 30, 100);
  await b.clock.advance(900);
  assert.equal(slow.socket.ended, undefined);
  await b.clock.advance(300);
  assert.deepEqual(slow.socket.ended, { code: undefined, reason: "" });
  assert.equal(b.clock.pending, 0);
});

test("[P6] one message above the limit is enough", async () => {
  const [b, [client]] = await subscribers(1, { options: { queueBytesMax: 1_000 } });
  assert.ok(client);
  await publishAtOnce(b, 1, 1, 2_000);
  assert.equal(client.closeCode, 3008);
});

test("[D20] a frame that the runtime drops on a living connection is counted, and the connection ends", async () => {
  const [b, [client, other]] = await subscribers(2);
  assert.ok(client && other);
  client.socket.dropFrames();
  await publishAtOnce(b, 1, 1);
  assert.deepEqual([b.engine.stats().droppedFrames, b.engine.stats().connections], [1, 1]);
  assert.deepEqual(client.socket.ended, { code: undefined, reason: "" });
  assert.deepEqual(numbers(other), [1]);
});

test("[OB3] what was queued before a close leaves before the close frame, also from a socket that is full", async () => {
  const [b, [ready, full]] = await subscribers(2);
  assert.ok(ready && full);
  full.socket.stall();
  await publishAtOnce(b, 1, 1);
  await b.engine.publish({ channel: "vm:a", data: bytes('"2"') });
  const stopped = b.engine.stop(10_000);
  await b.clock.settle();
  assert.deepEqual(ready.socket.ended, { code: 3001, reason: "shutdown" });
  assert.deepEqual(numbers(ready), [1, 2]);
  assert.equal(full.socket.ended, undefined);
  full.socket.take();
  assert.deepEqual(full.socket.ended, { code: 3001, reason: "shutdown" });
  assert.deepEqual(numbers(full), [1, 2]);
  assert.equal(full.socket.sentWhileQueued, 0);
  await stopped;
});

test("[C27] a peer that takes nothing for the write timeout is out of the hub at once; 3009 when it drains within a second", async () => {
  const [b, [stuck, frozen]] = await subscribers(2);
  assert.ok(stuck && frozen);
  for (const client of [stuck, frozen]) client.socket.stall();
  await publishAtOnce(b, 1, 2);
  stuck.writeTimedOut();
  frozen.writeTimedOut();
  assert.deepEqual([b.engine.connectionCount, stuck.closeCode], [0, undefined]);
  stuck.socket.take();
  assert.equal(stuck.closeCode, 3009);
  await b.clock.advance(1_100);
  assert.equal(frozen.closeCode, 0, "cut without a close frame");
});

test("[D23] a peer that does not answer the close frame is cut after 5 s", async () => {
  const [b, [client]] = await subscribers(1);
  assert.ok(client);
  client.socket.answersClose = false;
  b.engine.disconnect({ user: "u0" }, 3503, "force disconnect", []);
  assert.equal(client.closeCode, 3503);
  assert.equal(b.engine.stats().connections, 0);
  await b.clock.advance(5_200);
  assert.equal(b.clock.pending, 0, "no timer waits for it any more");
});

test("[OB4] a fan-out to many sockets is cut into slices of about 2 ms, and the publisher is answered before it ends", async () => {
  const [b, clients] = await subscribers(3_000);
  for (const { socket } of clients) socket.onSend = () => b.clock.spend(0.01);
  let answered = false;
  void b.engine.publish({ channel: "vm:a", data: bytes('"1"') }).then(() => {
    answered = true;
  });
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
  assert.ok(answered);
  assert.equal(clients.filter((client) => client.socket.arrived.length > 0).length, 0);
  let worstMs = 0;
  let slices = 0;
  for (let ran = 1; ran > 0; slices++) {
    const startMs = b.clock.monotonicMs();
    ran = b.clock.runSoon();
    worstMs = Math.max(worstMs, b.clock.monotonicMs() - startMs);
  }
  for (const client of clients) assert.deepEqual(numbers(client), [1]);
  assert.ok(worstMs <= 2.2, `${worstMs} ms`);
  assert.ok(slices >= 14, `${slices} slices`);
});

test("[OB4] publications that arrive between slices join those that still wait, and keep the order of each connection", async () => {
  const [b, clients] = await subscribers(600);
  for (const { socket } of clients) socket.onSend = () => b.clock.spend(0.02);
  for (let n = 1; n <= 10; n++) {
    void b.engine.publish({ channel: "vm:a", data: bytes(`"${n}"`) });
    await Promise.resolve();
    b.clock.runSoon();
  }
  await b.clock.settle();
  for (const client of clients) assert.deepEqual(numbers(client), upTo(10));
  const sends = clients.reduce((sum, client) => sum + client.socket.arrived.length, 0);
  assert.ok(sends < 6_000 * 0.5, `${sends} frames for 6000 deliveries`);
});

test("[OB5] publishers are held back while sockets cannot follow, and go on when they can", async () => {
  const [b] = await subscribers(1_000);
  let answered = 0;
  for (let n = 1; n <= 200; n++) {
    void b.engine.publish({ channel: "vm:a", data: bytes(String(n)) }).then(() => {
      answered++;
    });
  }
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.ok(answered >= 60 && answered < 70, `${answered} publishers answered at once`);
  await b.clock.settle();
  assert.equal(answered, 200);
  assert.equal(b.engine.stats().deliveries, 200_000);
});

test("[OB6] whoever leaves in the middle of a fan-out makes nobody else miss or repeat a message", async () => {
  const [b, clients] = await subscribers(500);
  for (const [n, { socket }] of clients.entries()) {
    // Some leave themselves, and some of those take others with them, before and behind them in the list.
    if (n % 7 === 0) socket.onSend = () => socket.cut();
    if (n % 11 !== 0) continue;
    socket.onSend = () => {
      for (const other of [n - 3, n + 40, n + 1]) clients[other]?.cut();
    };
  }
  await publishAtOnce(b, 1, 1);
  for (const { socket } of clients) socket.onSend = () => {};
  await publishAtOnce(b, 2, 2);
  const open = clients.filter((client) => client.closeCode === undefined && b.engine.stats().connections > 0);
  assert.equal(b.engine.channels().get("vm:a"), b.engine.stats().connections);
  for (const client of open) {
    const got = numbers(client);
    assert.ok(got.length === 0 || got.length === 1 || (got.length === 2 && got[0] === 1 && got[1] === 2), String(got));
  }
  assert.equal(clients.filter((client) => numbers(client).length === 2).length, b.engine.stats().connections);
});

test("[R1] a socket that throws costs its own connection and is reported; the fan-out goes on", async () => {
  const [b, clients] = await subscribers(5);
  const [, thrower] = clients;
  assert.ok(thrower);
  thrower.socket.onSend = () => {
    throw new Error("broken socket");
  };
  await publishAtOnce(b, 1, 2);
  assert.deepEqual([b.engine.stats().connections, b.reports.length, thrower.closeCode], [4, 1, 0]);
  for (const client of clients) if (client !== thrower) assert.deepEqual(numbers(client), [1, 2]);
});

test("[D21] what a cork leaves behind blocks the outbox like a queued frame", async () => {
  const [b, [slow]] = await subscribers(1);
  assert.ok(slow);
  slow.socket.stall();
  await publishAtOnce(b, 1, 400, 500); // 25 frames of about 9 KB: several corks
  assert.equal(slow.socket.sendCount - 2, 8, "one cork of 64 KiB and no more");
  await publishAtOnce(b, 401, 410);
  assert.equal(slow.socket.sendCount - 2, 8);
  slow.socket.take(true);
  assert.equal(slow.socket.sendCount - 2, 16);
  slow.socket.take();
  await b.clock.settle();
  assert.deepEqual(numbers(slow), upTo(410));
  assert.deepEqual([slow.socket.sentWhileQueued, b.engine.stats().queuedBytes], [0, 0]);
});
