import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { StreamClient } from "../harness/stream-client.ts";
import type { Wire } from "../harness/wire-format.ts";

const codes = {
  enabled: true,
  transforms: [
    { code: 3500, to: { status_code: 401 } },
    { code: 109, to: { status_code: 403, body: "the token is too old" } },
    { code: 102, to: { status_code: 404, body: '{"error":"no such channel"}' } },
  ],
};

const { group, rule: anyRule } = conformance({
  name: "connect-codes",
  title: "Failed connects as HTTP answers, and other codes of an end",
  about: "`connect_code_to_http_response`, `client.connect_code_to_unidirectional_disconnect` and the options of `uni_websocket`.",
  config: {
    ...transports,
    client: {
      ...transports["client"],
      connect_code_to_unidirectional_disconnect: {
        enabled: true,
        transforms: [
          { code: 109, to: { code: 4109, reason: "too old" } },
          { code: 102, to: { code: 4500, reason: "never again" } },
        ],
      },
    },
    uni_sse: { enabled: true, connect_code_to_http_response: codes },
    uni_http_stream: { enabled: true, connect_code_to_http_response: codes },
    uni_websocket: { enabled: true, join_push_messages: true, disable_closing_handshake: true, disable_disconnect_push: true },
  },
});
const rule = (title: string, body: (side: Side) => Promise<void>): void => anyRule(title, { formats: ["json"] }, body);

for (const [at, transport] of (["uni_sse", "uni_http_stream"] as const).entries()) {
  const open = (side: Side, request: Wire) => StreamClient.open(side, transport, { body: JSON.stringify(request) });

  for (const [number, [text, request, status, body]] of (
    [
      ["a code without a body of its own says its text", () => ({ token: "bad" }), 401, "invalid token"],
      ["a code with a body", (side: Side) => ({ token: side.token({ exp: 1_000 }) }), 403, "the token is too old"],
      ["an unknown channel", (side: Side) => ({ token: side.token({ channels: ["nowhere:a"] }) }), 404, '{"error":"no such channel"}'],
      ["a code that is not listed", () => ({}), 500, "Internal Server Error"],
      ["an error that is not listed", (side: Side) => ({ token: side.token({ expire_at: 1_000 }) }), 500, "Internal Server Error"],
    ] as readonly (readonly [string, (side: Side) => Wire, number, string])[]
  ).entries()) {
    rule(`[TR53.${at * 10 + number + 1}] ${transport}: ${text}: ${status}`, async (side) => {
      const answer = await open(side, request(side));
      assert.ok(!(answer instanceof StreamClient));
      assert.deepEqual([answer.status, answer.body], [status, body]);
    });
  }

  rule(`[TR53.${at * 10 + 8}] ${transport}: a connect that succeeds is a stream as ever`, async (side) => {
    const channel = side.channel("open:a");
    const client = await open(side, { ...side.connectRequest(), subs: { [channel]: {} } });
    assert.ok(client instanceof StreamClient);
    await client.push("connect");
    await side.publish(channel, 1);
    assert.deepEqual(await client.push("pub", channel), { data: 1 });
    await side.api("disconnect", { user: side.user() });
    await client.disconnected(3503, "force disconnect");
  });

  rule(`[TR53.${at * 10 + 9}] ${transport}: what is no connect request is 400 as ever`, async (side) => {
    const answer = await StreamClient.open(side, transport, { body: "{" });
    assert.ok(!(answer instanceof StreamClient));
    assert.equal(answer.status, 400);
  });
}

async function uni(side: Side, request: Wire) {
  const client = await side.open({ path: "/connection/uni_websocket", protocols: [] });
  client.answersPings = false;
  client.sendFrame(JSON.stringify(request));
  return client;
}

rule("[TR51.1] without a closing handshake and a disconnect push the end is nothing but a cut", async (side) => {
  const client = await uni(side, side.connectRequest());
  await client.until("the connect push", () => client.messages[0]);
  await side.api("disconnect", { user: side.user() });
  await client.cutOff();
  assert.equal(client.messages.length, 1);
});

rule("[TR51.2] so is a connect that fails, and a message that is no connect request", async (side) => {
  for (const request of [{ token: "bad" }, { token: side.token({ exp: 1_000 }) }]) {
    const client = await uni(side, request);
    await client.cutOff();
    assert.deepEqual(client.messages, []);
  }
  const client = await side.open({ path: "/connection/uni_websocket", protocols: [] });
  client.sendFrame("{");
  await client.cutOff();
});

anyRule(
  "[TR56.10] joined pushes: publications of one moment share messages, a line each",
  { formats: ["json"], compare: { anyOrder: "calls made at once arrive in any order" } },
  async (side) => {
    const channel = side.channel("open:a");
    const client = await uni(side, { ...side.connectRequest(), subs: { [channel]: {} } });
    await client.until("the connect push", () => client.messages[0]);
    const before = client.frames.length;
    await side.api("batch", { commands: Array.from({ length: 30 }, (_, n) => ({ publish: { channel, data: n } })) });
    await client.until("30 publications", () =>
      client.messages.filter((message) => message["pub"] !== undefined).length === 30 ? true : undefined,
    );
    assert.ok(client.frames.length - before < 30, `${client.frames.length - before} messages`);
  },
);

export default group;
