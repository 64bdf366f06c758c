import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hmacToken } from "../../auth/testing/token-forge.ts";
import { type ApiSide, centrifugoSide, tokenKey } from "../../http/api/testing-sides.ts";
import { PushError } from "../push-engine.ts";
import { withoutCentrifugo } from "./testing-centrifugo.ts";

/** What our server API does to the connections of a real Centrifugo, seen by one of them. */
const skip = withoutCentrifugo();
let side: ApiSide;
before(async () => {
  if (skip === false) side = await centrifugoSide();
});
after(async () => {
  if (skip === false) await side.stop();
});

/** A connection of a user, and everything it is told. */
async function connected(user: string): Promise<{ readonly next: () => Promise<unknown>; readonly socket: WebSocket }> {
  const socket = new WebSocket(`${String(side.centrifugo?.url).replace("http", "ws")}/connection/websocket`);
  const messages: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  socket.onmessage = ({ data }) => {
    for (const line of String(data).split("\n")) {
      const message: unknown = JSON.parse(line);
      const first = waiting.shift();
      if (first === undefined) messages.push(message);
      else first(message);
    }
  };
  const next = () => (messages.length > 0 ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve)));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  const token = hmacToken(JSON.stringify({ sub: user, exp: Math.floor(Date.now() / 1_000) + 60 }), { secret: tokenKey });
  socket.send(JSON.stringify({ id: 1, connect: { token } }));
  assert.ok((await next()) as object);
  return { next, socket };
}
const bytes = (text: string) => new TextEncoder().encode(text);

test("[API7] subscribe is forwarded with its payloads and options, and its refusal comes back", { skip }, async () => {
  const { next, socket } = await connected("sub");
  const call = { channel: "mem:a", info: bytes('{"a" : 1}'), data: bytes('{"d":1}'), override: { forcePositioning: true } };
  await side.push?.subscribe({ user: "sub" }, call);
  const { push } = (await next()) as { push: { channel: string; subscribe: { data: unknown; positioned: boolean } } };
  assert.deepEqual([push.channel, push.subscribe.data, push.subscribe.positioned], ["mem:a", { d: 1 }, true]);
  await assert.rejects(
    async () => side.push?.subscribe({ user: "sub" }, call),
    (error) => error instanceof PushError && error.code === 100,
  );
  socket.close();
});

test("[API9] refresh is forwarded", { skip }, async () => {
  const { next, socket } = await connected("ref");
  await side.push?.refresh({ user: "ref" }, { expireAtS: Math.floor(Date.now() / 1_000) + 500, info: bytes("1") });
  const { push } = (await next()) as { push: { refresh: { expires: boolean; ttl: number } } };
  assert.ok(push.refresh.expires && push.refresh.ttl > 490 && push.refresh.ttl <= 500);
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  await side.push?.refresh({ user: "ref" }, { expired: true });
  assert.equal(await closed, 3005);
});
