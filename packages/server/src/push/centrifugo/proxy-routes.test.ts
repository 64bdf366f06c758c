import assert from "node:assert/strict";
import { test } from "node:test";
import type { SubscribePolicy } from "../../auth/subscribe-policy.ts";
import { createCentrifugoProxyRoutes, subRefreshProxyPath, subscribeProxyPath } from "./proxy-routes.ts";

const nowS = 1_800_000_000;
const latestS = nowS + 600;
const raw = (text: string) => new Uint8Array(Buffer.from(text));

async function ask(
  policy: SubscribePolicy,
  path: string,
  body: string,
  init: { readonly secret?: string | undefined; readonly sent?: string; readonly method?: string } = {},
) {
  const logged: string[] = [];
  const routes = createCentrifugoProxyRoutes({
    policy,
    secret: init.secret ?? "s3cret",
    clock: { wallMs: () => nowS * 1_000 + 999 },
    log: { debug() {}, info() {}, warn() {}, error: (_fields, message) => logged.push(message) },
  });
  const route = routes.find((candidate) => candidate.path === path)!;
  assert.equal(route.listener, "internal");
  const method = init.method ?? "POST";
  const request = new Request(`http://localhost${path}`, {
    method,
    headers: { "x-fleetcast-proxy-secret": init.sent ?? "s3cret" },
    ...(method === "POST" ? { body } : {}),
  });
  const response = await route.handle(request, { remoteAddress: "127.0.0.1", rest: "", secure: false });
  return { status: response.status, text: await response.text(), logged };
}

const allow: SubscribePolicy = { subscribe: () => ({ kind: "allow" }) };
const question =
  '{"client":"c","transport":"websocket","protocol":"json","encoding":"json","user":"u","channel":"telemetry:V","data":{"x":1.0},"token":"t","meta":{"vms": [1.50]}}';

test("[N6] the policy is asked with the connection's words, raw ones as they came", async () => {
  let asked: Parameters<SubscribePolicy["subscribe"]>[0] | undefined;
  const policy: SubscribePolicy = {
    subscribe: (request) => {
      asked = request;
      return { kind: "allow" };
    },
  };
  await ask(policy, subscribeProxyPath, question);
  assert.deepEqual(
    { ...asked, meta: Buffer.from(asked!.meta!).toString(), data: Buffer.from(asked!.data!).toString() },
    { client: "c", user: "u", channel: "telemetry:V", token: "t", meta: '{"vms": [1.50]}', data: '{"x":1.0}' },
  );
});

const answers: readonly (readonly [name: string, policy: SubscribePolicy, path: string, answer: string])[] = [
  ["allowed: for ten minutes", allow, subscribeProxyPath, `{"result":{"expire_at":${latestS}}}`],
  [
    "a shorter permission stays shorter",
    { subscribe: () => ({ kind: "allow", expireAtS: nowS + 5 }) },
    subscribeProxyPath,
    `{"result":{"expire_at":${nowS + 5}}}`,
  ],
  [
    "a longer one becomes ten minutes",
    { subscribe: () => ({ kind: "allow", expireAtS: nowS + 5_000 }) },
    subscribeProxyPath,
    `{"result":{"expire_at":${latestS}}}`,
  ],
  [
    "info, data and override travel as they are",
    {
      subscribe: async () => ({
        kind: "allow",
        info: raw('{"r":1.0}'),
        data: raw("[ ]"),
        override: { joinLeave: false, forceRecovery: true },
      }),
    },
    subscribeProxyPath,
    `{"result":{"expire_at":${latestS},"info":{"r":1.0},"data":[ ],"override":{"join_leave":{"value":false},"force_recovery":{"value":true}}}}`,
  ],
  [
    "denied",
    { subscribe: () => ({ kind: "error", code: 103, message: "permission denied" }) },
    subscribeProxyPath,
    '{"error":{"code":103,"message":"permission denied","temporary":false}}',
  ],
  [
    "thrown out",
    { subscribe: () => ({ kind: "disconnect", code: 4500, reason: "out" }) },
    subscribeProxyPath,
    '{"disconnect":{"code":4500,"reason":"out"}}',
  ],
  ["renewed by asking again", allow, subRefreshProxyPath, `{"result":{"expire_at":${latestS}}}`],
  [
    "not renewed when the policy says no by now",
    { subscribe: () => ({ kind: "error", code: 103, message: "" }) },
    subRefreshProxyPath,
    '{"result":{"expired":true}}',
  ],
  [
    "the policy's own word on renewal: ended",
    { ...allow, subRefresh: async () => ({ expired: true }) },
    subRefreshProxyPath,
    '{"result":{"expired":true}}',
  ],
  [
    "the policy's own word on renewal: shorter",
    { ...allow, subRefresh: async () => ({ expired: false, expireAtS: nowS + 9 }) },
    subRefreshProxyPath,
    `{"result":{"expire_at":${nowS + 9}}}`,
  ],
  [
    "the policy's own word on renewal: unlimited is ten minutes",
    { ...allow, subRefresh: async () => ({ expired: false, expireAtS: undefined }) },
    subRefreshProxyPath,
    `{"result":{"expire_at":${latestS}}}`,
  ],
];

for (const [name, policy, path, answer] of answers) {
  test(`[N6] ${name}`, async () => {
    assert.deepEqual(await ask(policy, path, question), { status: 200, text: answer, logged: [] });
  });
}

for (const [name, sent] of [
  ["none", ""],
  ["a wrong one", "other"],
  ["the beginning", "s3cre"],
  ["one byte more", "s3cret1"],
] as const) {
  test(`[N6] secret: ${name}: 401 and nobody is asked`, async () => {
    let asked = false;
    const policy: SubscribePolicy = {
      subscribe: () => {
        asked = true;
        return { kind: "allow" };
      },
    };
    assert.equal((await ask(policy, subscribeProxyPath, question, { sent })).status, 401);
    assert.equal(asked, false);
  });
}

test("[N6] an empty configured secret closes the routes", async () => {
  assert.equal((await ask(allow, subscribeProxyPath, question, { secret: "", sent: "" })).status, 401);
});

test("[A3] a policy that throws denies, and is logged", async () => {
  const broken: SubscribePolicy = { subscribe: () => Promise.reject(new Error("oops")) };
  const { status, text, logged } = await ask(broken, subscribeProxyPath, question);
  assert.deepEqual({ status, text, count: logged.length }, { status: 500, text: "", count: 1 });
});

test("[N6] what is no question is 400, another method 405, too much 413", async () => {
  assert.equal((await ask(allow, subscribeProxyPath, "{")).status, 400);
  assert.equal((await ask(allow, subscribeProxyPath, '{"user":1}')).status, 400);
  assert.equal((await ask(allow, subscribeProxyPath, "", { method: "GET" })).status, 405);
  assert.equal((await ask(allow, subscribeProxyPath, " ".repeat(300_000))).status, 413);
});
