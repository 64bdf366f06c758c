import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import type { Client } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule: anyRule } = conformance({
  name: "sessions",
  title: "Connections found by their session",
  about: "What the server API does to a one-way connection, which has a session, beside a connection of the same user that has none.",
  config: transports,
});

/** A one-way connection, its session, and a WebSocket of the same user. */
interface Pair {
  readonly oneWay: Client;
  readonly session: string;
  readonly other: Client;
}

function rule(title: string, body: (side: Side, pair: Pair) => Promise<void>): void {
  anyRule(title, { formats: ["json"] }, async (side) => {
    const oneWay = await side.open({ path: "/connection/uni_websocket", protocols: [] });
    // A ping here is nothing to answer.
    oneWay.answersPings = false;
    oneWay.sendFrame(JSON.stringify(side.connectRequest()));
    const { session } = await told(oneWay, "connect");
    await body(side, { oneWay, session, other: await side.connect() });
  });
}

/** A bare push of this kind. */
const told = (client: Client, kind: string): Promise<Wire> =>
  client.until(`a push ${kind}`, () => client.messages.find((message) => message[kind] !== undefined)?.[kind] as Wire | undefined);

rule("[API8.20] subscribe", async (side, { oneWay, session, other }) => {
  const channel = side.channel("open:a");
  assert.deepEqual(await side.api("subscribe", { user: side.user(), session, channel, data: { d: 1 } }), {});
  assert.deepEqual(await told(oneWay, "subscribe"), { data: { d: 1 } });
  await side.publish(channel, { a: 1 });
  assert.deepEqual((await told(oneWay, "pub"))["data"], { a: 1 });
  await other.silent();
});

rule("[API4.20] unsubscribe", async (side, { oneWay, session, other }) => {
  const channel = side.channel("open:a");
  await side.api("subscribe", { user: side.user(), channel });
  await other.push("subscribe", channel);
  await side.api("unsubscribe", { user: side.user(), session, channel });
  assert.deepEqual(await told(oneWay, "unsubscribe"), { code: 2000, reason: "server unsubscribe" });
  await other.silent();
});

rule("[API9.20] refresh", async (side, { oneWay, session, other }) => {
  await side.api("refresh", { user: side.user(), session, expire_at: inSeconds(600) });
  assert.equal((await told(oneWay, "refresh"))["expires"], true);
  await other.silent();
});

rule("[API5.20] disconnect: a push, and the close frame", async (side, { oneWay, session, other }) => {
  await side.api("disconnect", { user: side.user(), session });
  assert.deepEqual(await told(oneWay, "disconnect"), { code: 3503, reason: "force disconnect" });
  await oneWay.closed(3503);
  await other.silent();
});

rule("[API5.21] a session together with another user, or another connection, is nobody's", async (side, { oneWay, session, other }) => {
  await side.api("disconnect", { user: side.user("bob"), session });
  await side.api("disconnect", { user: side.user(), session, client: other.id });
  await oneWay.silent();
  await other.silent();
});

export default group;
