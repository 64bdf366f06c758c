import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { UpgradeRefused } from "../harness/raw-websocket.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { StreamClient } from "../harness/stream-client.ts";

const { group, rule } = conformance({
  name: "connection-limits",
  title: "Connection limits, and users whom a header names",
  about: "`client.connection_limit` and `client.user_id_http_header`.",
  config: { ...transports, client: { ...transports["client"], connection_limit: 2, user_id_http_header: "X-User-Id" } },
});
const alone = { alone: true, formats: ["json"] } as const;

async function is503(opened: Promise<unknown>): Promise<void> {
  await assert.rejects(opened, (error) => {
    assert.ok(error instanceof UpgradeRefused, String(error));
    assert.deepEqual([error.answer.status, error.answer.body], [503, ""]);
    return true;
  });
}

/** Connections that others left are gone. */
async function isEmpty(side: Side): Promise<void> {
  const deadline = performance.now() + 7_000;
  for (;;) {
    const { nodes } = await side.api("info");
    if (nodes[0].num_clients === undefined || nodes[0].num_clients === 0) return;
    assert.ok(performance.now() < deadline, "connections stay");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const off = { off: "asked until it is so" };

rule(
  "[TR5.1] with as many clients as are allowed every transport answers 503, before it looks at the request",
  { ...alone, compare: off },
  async (side) => {
    await isEmpty(side);
    const [first] = [await side.connect(), await side.connect()];
    await is503(side.open());
    await is503(side.open({ path: "/connection/uni_websocket" }));
    for (const path of ["/connection/http_stream", "/connection/sse", "/connection/uni_http_stream", "/connection/uni_sse"]) {
      for (const method of ["POST", "OPTIONS", "DELETE"]) {
        const answer = await side.http({ method, path, body: "{" });
        assert.deepEqual([answer.status, answer.body], [503, ""], `${method} ${path}`);
      }
    }
    assert.equal((await side.http({ method: "GET", path: "/connection/init" })).status, 503);
    assert.equal((await side.http({ path: "/emulation", body: "{}" })).status, 404, "emulation is for those who are there");
    first!.end();
    const deadline = performance.now() + 4_000;
    for (;;) {
      const client = await side.open().catch(() => undefined);
      if (client !== undefined) break;
      assert.ok(performance.now() < deadline, "nobody is let in");
    }
  },
);

rule("[TR5.2] only clients that have connected count", { ...alone, compare: off }, async (side) => {
  await isEmpty(side);
  for (let n = 0; n < 4; n++) await side.open();
  await side.connect();
});

rule("[TR6.1] without a token the header names the user, on every transport", { ...alone, compare: off }, async (side) => {
  await isEmpty(side);
  const headers = { "X-User-Id": side.user("header") };
  const client = await side.connect({ token: "", open: { headers } });
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  assert.equal(
    Object.values((await client.ok("presence", { channel }))["presence"] as Record<string, { user: string }>)[0]!.user,
    side.user("header"),
  );
  client.end();
  await isEmpty(side);
  const stream = await StreamClient.open(side, "http_stream", { body: '{"id":1,"connect":{}}', headers });
  assert.ok(stream instanceof StreamClient);
  await stream.ok("subscribe", { channel });
  assert.equal(
    Object.values((await stream.ok("presence", { channel }))["presence"] as Record<string, { user: string }>)[0]!.user,
    side.user("header"),
  );
  stream.leave();
  await isEmpty(side);
  const uni = await StreamClient.open(side, "uni_sse", { body: "{}", headers });
  assert.ok(uni instanceof StreamClient);
  await uni.push("connect");
});

rule("[TR6.2] a token counts more than the header, an empty header is none", { ...alone, compare: off }, async (side) => {
  await isEmpty(side);
  const bad = await side.open({ headers: { "X-User-Id": "somebody" } });
  bad.send({ id: 1, connect: { token: "bad" } });
  await bad.closed(3500);
  const empty = await side.open({ headers: { "X-User-Id": "" } });
  empty.send({ id: 1, connect: {} });
  await empty.closed(3501);
});

export default group;
