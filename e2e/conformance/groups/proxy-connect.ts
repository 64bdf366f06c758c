import assert from "node:assert/strict";
import { proxied } from "../configs/proxied.ts";
import type { Answer } from "../harness/backend.ts";
import { expectError, pause } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "proxy-connect",
  title: "Proxies: who connects",
  about: "A client without a token connects, and the application's backend says who it is and what it gets.",
  config: proxied,
});

const json = { formats: ["json"] } as const;

/** The connect command of a client without a token; its data names the run. */
const request = (side: Side, more: Wire = {}): Wire => ({ data: { who: side.user() }, ...more });

/** What the client hears when the backend says this. */
async function told(side: Side, answer: Answer, more: Wire = {}): Promise<Wire> {
  side.backend.on("/connect", () => answer);
  const client = await side.open();
  return client.call("connect", request(side, more));
}

/** The connection is closed with this code when the backend says this. */
async function ends(side: Side, answer: Answer, code: number, reason?: string): Promise<void> {
  side.backend.on("/connect", () => answer);
  const client = await side.open();
  client.send({ id: 1, connect: request(side) });
  if (reason === undefined) return client.closed(code);
  const ending = await client.until(`the close with ${code}`, () => client.ending);
  assert.deepEqual(ending, { kind: "close", code, reason });
}

rule("[PX3.1] the backend is asked with data, name, version and wished channels, and no user", async (side) => {
  side.backend.on("/connect", () => ({ result: { user: side.user() } }));
  const client = await side.open();
  const channel = side.channel("open:a");
  await client.ok("connect", request(side, { name: "js", version: "5.1", subs: { [channel]: {} } }));
  const { body, path } = side.backend.asked[0]!;
  const { client: id, ...rest } = body as Wire;
  assert.equal(path, "/connect");
  assert.equal(id, client.id);
  assert.deepEqual(rest, {
    transport: "websocket",
    protocol: side.format.name,
    encoding: "json",
    data: { who: side.user() },
    name: "js",
    version: "5.1",
    channels: [channel],
  });
});

rule("[PX3.2] wished channels of such a client are not taken: the backend decides alone", async (side) => {
  const channel = side.channel("open:a");
  const reply = await told(side, { result: { user: side.user() } }, { subs: { [channel]: {} } });
  assert.equal(reply["connect"].subs, undefined);
});

rule("[PX3.3] with a token the backend is not asked", async (side) => {
  await side.connect();
  assert.equal(side.backend.asked.length, 0);
});

rule("[PX2.1] headers: static, emulated and of the request, later ones winning, nothing else", json, async (side) => {
  side.backend.on("/connect", () => ({ result: { user: side.user() } }));
  const client = await side.open({ headers: { "X-Http": "http", "X-A": "http", "X-Both": "http", "X-Secret": "no", Cookie: "k=v" } });
  const headers = { "X-Emulated": "emulated", "x-both": "emulated", "X-HTTP": "forged", "X-Secret": "no" };
  await client.ok("connect", request(side, { headers }));
  const heard = side.backend.asked[0]!.headers;
  assert.deepEqual(
    ["x-static", "x-a", "x-http", "x-emulated", "x-both", "x-secret", "cookie", "content-type"].map((name) => heard[name]),
    ["static", "http", "http", "emulated", "http", undefined, undefined, "application/json"],
  );
  assert.match(heard["host"]!, /^127\.0\.0\.1:\d+$/);
});

rule("[X3.1] no result: nobody comes in, 3501", (side) => ends(side, {}, 3501));
rule("[X3.2] a null result: as none", (side) => ends(side, { result: null }, 3501));
rule("[X3.3] an empty result: the anonymous user comes in, whatever the options say", async (side) => {
  side.backend.on("/connect", () => ({ result: {} }));
  const client = await side.open();
  await client.ok("connect", request(side));
  const channel = side.channel("open:a");
  await client.refused("subscribe", { channel }, 103);
});

rule("[PX10.1] user, info and data", async (side) => {
  const result = { user: side.user("bob"), info: { name: "Bob" }, data: { hello: [1] } };
  side.backend.on("/connect", () => ({ result }));
  const client = await side.open();
  const connected = await client.ok("connect", request(side));
  assert.deepEqual(connected["data"], { hello: [1] });
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual(presence[client.id], { user: side.user("bob"), client: client.id, conn_info: { name: "Bob" } });
});

rule("[PX11.1] base64 outranks the plain form", async (side) => {
  const result = { user: side.user(), data: { a: 1 }, b64data: Buffer.from(`{"b":2}`).toString("base64") };
  assert.deepEqual((await told(side, { result }))["connect"].data, { b: 2 });
});

rule("[X1.1] bad base64 in info: error 100", async (side) => expectError(await told(side, { result: { b64info: "!!" } }), 100));
rule("[X1.2] bad base64 in data: error 100", async (side) => expectError(await told(side, { result: { b64data: "e30" } }), 100));
rule("[X1.3] bad base64 inside subs: error 100", async (side) => {
  const subs = { [side.channel("open:a")]: { b64info: "!!" } };
  expectError(await told(side, { result: { user: side.user(), subs } }), 100);
});

rule("[PX10.2] channels and subs become server-side subscriptions, with data, info and override", async (side) => {
  const [plain, own] = [side.channel("open:plain"), side.channel("asked:own")];
  const subs = { [own]: { info: { i: 1 }, data: { d: 2 }, override: { force_recovery: { value: true } } } };
  side.backend.on("/connect", () => ({ result: { user: side.user(), channels: [plain], subs } }));
  const client = await side.open();
  const connected = await client.ok("connect", request(side));
  assert.deepEqual(Object.keys(connected["subs"]).sort(), [own, plain].sort());
  assert.deepEqual(connected["subs"][own].data, { d: 2 });
  assert.equal(connected["subs"][own].recoverable, true);
  const { presence } = await client.ok("presence", { channel: own });
  assert.deepEqual(presence[client.id].chan_info, { i: 1 });
});

rule("[X6.1] an unknown namespace among them: error 102", async (side) => {
  expectError(await told(side, { result: { user: side.user(), channels: ["nowhere:a"] } }), 102);
});
rule("[X6.2] one in subs: error 102", async (side) => {
  expectError(await told(side, { result: { user: side.user(), subs: { "nowhere:a": {} } } }), 102);
});
rule("[X6.3] more channels than the limit: 3505", (side) => {
  const channels = Array.from({ length: 21 }, (_, n) => side.channel(`open:c${n}`));
  return ends(side, { result: { user: side.user(), channels } }, 3505);
});
rule("[X6.4] a private and another user's channel: the backend decides", async (side) => {
  const channels = [side.channel("$open:a"), `asked:b#${side.user("eve")}`];
  const reply = await told(side, { result: { user: side.user(), channels } });
  assert.deepEqual(Object.keys(reply["connect"].subs).sort(), [...channels].sort());
});

rule("[PX10.3] an expiry is the connection's", async (side) => {
  const { connect } = await told(side, { result: { user: side.user(), expire_at: inSeconds(300) } });
  assert.equal(connect.expires, true);
  assert.ok(connect.ttl >= 298 && connect.ttl <= 300, String(connect.ttl));
});
rule("[PX10.4] an expiry of zero or less is none", async (side) => {
  assert.equal((await told(side, { result: { user: side.user(), expire_at: -5 } }))["connect"].expires, undefined);
});
rule("[PX10.5] one that is past: error 110", async (side) => {
  expectError(await told(side, { result: { user: side.user(), expire_at: inSeconds(-5) } }), 110);
});

rule("[X4.1] an error is passed on as it is", async (side) => {
  const error = { code: 1000, message: "not today", temporary: true };
  assert.deepEqual((await told(side, { error }))["error"], error);
});
rule("[X4.2] a disconnect too", (side) => ends(side, { disconnect: { code: 4500, reason: "go away" } }, 4500, "go away"));
rule("[X4.3] error wins over result, disconnect over both", async (side) => {
  const error = { code: 1000, message: "no" };
  assert.deepEqual((await told(side, { result: { user: "x" }, error }))["error"], error);
  await ends(side, { result: { user: "x" }, error, disconnect: { code: 4500, reason: "x" } }, 4500, "x");
});

rule("[PX9.1] a status that is mapped to an error", async (side) => {
  const reply = await told(side, { status: 404, text: "x" });
  assert.deepEqual(reply["error"], { code: 1404, message: "not there", temporary: true });
});
rule("[PX9.2] a status that is mapped to a disconnect", (side) => ends(side, { status: 403, text: `{"result":{}}` }, 4403, "forbidden"));

const failures: readonly (readonly [string, Answer])[] = [
  ["status 201", { status: 201, text: `{"result":{"user":"x"}}` }],
  ["status 204", { status: 204, text: "" }],
  ["status 500", { status: 500, text: `{"result":{"user":"x"}}` }],
  ["no JSON", { status: 200, text: "<html>" }],
  ["half of it", { status: 200, text: `{"result":{"user":"x"` }],
  ["something behind it", { status: 200, text: `{"result":{"user":"x"}} x` }],
  ["a list", { status: 200, text: "[]" }],
  ["a user that is a number", { status: 200, text: `{"result":{"user":5}}` }],
  ["a code below zero", { status: 200, text: `{"error":{"code":-1}}` }],
  ["a code that is a text", { status: 200, text: `{"error":{"code":"1000"}}` }],
  ["a disconnect code with a fraction", { status: 200, text: `{"disconnect":{"code":4500.5}}` }],
  ["a cut connection", "cut"],
  ["no answer in time", "hang"],
];
for (const [index, [what, answer]] of failures.entries()) {
  rule(`[X1.${10 + index}] ${what}: error 100`, json, async (side) => expectError(await told(side, answer), 100));
}

rule("[X1.30] after it the connection answers nothing more", json, async (side) => {
  side.backend.on("/connect", () => ({ status: 500, text: "" }));
  const client = await side.open();
  expectError(await client.call("connect", request(side)), 100);
  client.send({ id: 7, rpc: { method: "x", data: { who: side.user() } } });
  await client.silent(200);
});

rule("[PX8.1] names count in any case, and unknown ones are skipped", json, async (side) => {
  const text = `{"RESULT":{"User":"${side.user()}","what":{"user":"x"}},"more":1}`;
  assert.notEqual((await told(side, { status: 200, text }))["connect"], undefined);
});

rule(
  "[X2.1] a redirect is not followed: error 100",
  {
    ...json,
    differs: {
      deviation: "redirect as an answer",
      real: async (side) => {
        side.backend.on("/other", () => ({ result: { user: side.user() } }));
        const reply = await told(side, { status: 307, text: "", headers: { location: "/other" } });
        assert.notEqual(reply["connect"], undefined);
      },
    },
  },
  async (side) => {
    side.backend.on("/other", () => ({ result: { user: side.user() } }));
    expectError(await told(side, { status: 307, text: "", headers: { location: "/other" } }), 100);
    assert.equal(side.backend.asked.length, 1);
  },
);

rule(
  "[X5.1] an error code that no client can act on: error 100",
  {
    ...json,
    differs: {
      deviation: "a proxy's error outside 100-1999",
      real: async (side) =>
        assert.deepEqual((await told(side, { error: { code: 6000, message: "x" } }))["error"], { code: 6000, message: "x" }),
    },
  },
  async (side) => expectError(await told(side, { error: { code: 6000, message: "x" } }), 100),
);

rule(
  "[X5.2] a reason with a line break: 3004",
  {
    ...json,
    differs: {
      deviation: "a control character in its reason",
      real: (side) => ends(side, { disconnect: { code: 4500, reason: "a\nb" } }, 4500, "a\nb"),
    },
  },
  (side) => ends(side, { disconnect: { code: 4500, reason: "a\nb" } }, 3004),
);

rule(
  "[X5.3] a reason that is too long is cut at a character",
  {
    ...json,
    differs: {
      deviation: "a proxy's disconnect reason over 123 bytes",
      real: async (side) => {
        side.backend.on("/connect", () => ({ disconnect: { code: 4500, reason: "é".repeat(100) } }));
        const client = await side.open();
        client.send({ id: 1, connect: request(side) });
        await client.cutOff();
      },
    },
  },
  (side) => ends(side, { disconnect: { code: 4500, reason: "é".repeat(100) } }, 4500, "é".repeat(61)),
);

rule(
  "[X1.31] an answer over 1 MiB: error 100",
  {
    ...json,
    differs: {
      deviation: "answer over 1 MiB",
      real: async (side) => {
        const text = JSON.stringify({ result: { user: side.user(), more: "x".repeat(1_100_000) } });
        assert.notEqual((await told(side, { status: 200, text }))["connect"], undefined);
      },
    },
  },
  async (side) => {
    const text = JSON.stringify({ result: { user: side.user(), more: "x".repeat(1_100_000) } });
    expectError(await told(side, { status: 200, text }), 100);
  },
);

rule("[PX5.1] meta of the connect answer goes to the other questions, where they are told", async (side) => {
  side.backend.on("/connect", () => ({ result: { user: side.user(), meta: { shop: [7] } } }));
  side.backend.on("/subscribe", () => ({}));
  side.backend.on("/rpc", () => ({}));
  const client = await side.open();
  await client.ok("connect", request(side));
  await client.subscribe(side.channel("asked:a"));
  await client.ok("rpc", { method: "m", data: { a: 1 } });
  const bodies = side.backend.asked.map(({ body }) => body as Wire);
  assert.deepEqual(
    bodies.map(({ meta }) => meta),
    [undefined, { shop: [7] }, undefined],
  );
});

rule("[A3.1] a client that leaves while the backend thinks leaves nothing behind", json, async (side) => {
  const answers: (() => void)[] = [];
  side.backend.on(
    "/connect",
    () => new Promise((resolve) => answers.push(() => resolve({ result: { user: side.user(), channels: [side.channel("open:a")] } }))),
  );
  const client = await side.open();
  client.send({ id: 1, connect: request(side) });
  for (let tries = 0; tries < 100 && answers.length === 0; tries++) await pause(20);
  client.cut();
  await pause(50);
  answers[0]!();
  await pause(100);
  const { num_clients } = await side.api("presence_stats", { channel: side.channel("open:a") });
  assert.equal(num_clients, 0);
});

export default group;
