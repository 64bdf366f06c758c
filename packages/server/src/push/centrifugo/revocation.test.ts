import assert from "node:assert/strict";
import { test } from "node:test";
import { createPolicy, createSubscribePolicy } from "../../auth/policy.ts";
import { cut } from "../../auth/revocations/cut.ts";
import { quietLog } from "../../auth/testing/hand-clock.ts";
import { memoryRevocations } from "../../auth/testing/memory-revocations.ts";
import { userProofs } from "../../auth/tokens/signer.ts";
import { systemClock } from "../../runtime/clock.ts";
import { withoutCentrifugo } from "./testing-centrifugo.ts";
import { startCentrifugoStack } from "./testing-stack.ts";

const fleetcastKey = "the second key, which stays here";
const ann = { id: "u_AAAAAAAAAA", name: "ann", role: "viewer", generation: 1 } as const;

/** A client of the real Centrifugo: what it was told, one reply after another, and how it ended. */
async function connected(url: string, token: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/connection/websocket`);
  const waiting = new Map<number, (reply: { error?: { code: number } }) => void>();
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  socket.onmessage = ({ data }) => {
    for (const line of String(data).split("\n")) {
      const reply = JSON.parse(line) as { id?: number; error?: { code: number } };
      if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
    }
  };
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  let id = 0;
  const ask = (command: object): Promise<number> => {
    const number = ++id;
    const answer = new Promise<number>((resolve) => waiting.set(number, ({ error }) => resolve(error?.code ?? 0)));
    socket.send(JSON.stringify({ id: number, ...command }));
    return Promise.race([answer, closed]);
  };
  assert.equal(await ask({ connect: { token } }), 0);
  return { closed, subscribe: (channel: string) => ask({ subscribe: { channel } }), close: () => socket.close() };
}

test("[ADM6] a real Centrifugo: a blocked user ends at once and at every subscribe; an ended login reconnects and hears nothing", {
  skip: withoutCentrifugo(),
  timeout: 60_000,
}, async () => {
  const revocations = memoryRevocations(systemClock);
  const can = createPolicy({ bearer: "read", namespaceBoundary: ":" });
  const users = { byId: (userId: string) => (userId === ann.id ? ann : undefined) };
  const policy = createSubscribePolicy({ can, fleetcastKey, users, revocations, clock: systemClock });
  const stack = await startCentrifugoStack(policy);
  try {
    revocations.onRevoked((revocation) => cut(revocation, { push: stack.push, disconnectMachine: () => {}, log: quietLog }));
    const { url } = stack.config.push.centrifugo;
    const put = (what: "user" | "session", subject: string, by: string) =>
      revocations.put({ what, subject, beforeS: null, untilMs: null, by, reason: "" }, []);

    const bearer = await connected(url, stack.token("backend-7"));
    assert.equal(await bearer.subscribe("telemetry:VM-1"), 0);
    await put("user", "backend-7", "cli");
    assert.equal(await bearer.closed, 3507);
    const again = await connected(url, stack.token("backend-7"));
    assert.equal(await again.subscribe("telemetry:VM-1"), 3507);
    await revocations.end("user", "backend-7", []);
    const back = await connected(url, stack.token("backend-7"));
    assert.equal(await back.subscribe("telemetry:VM-1"), 0);
    back.close();

    const tokenOf = (session: string) => {
      const exp = Math.floor(Date.now() / 1_000) + 600;
      const proof = userProofs(fleetcastKey).make({ sub: ann.id, exp, role: ann.role, generation: ann.generation, session });
      return stack.token(ann.id, { fleetcast: proof });
    };
    const first = await connected(url, tokenOf("s_first"));
    assert.equal(await first.subscribe("telemetry:VM-1"), 0);
    await put("session", "s_first", ann.id);
    assert.equal(await first.closed, 3011);
    assert.equal(await (await connected(url, tokenOf("s_first"))).subscribe("telemetry:VM-1"), 103);
    assert.equal(await (await connected(url, tokenOf("s_second"))).subscribe("telemetry:VM-1"), 0);
  } finally {
    await stack.stop();
  }
});
