import assert from "node:assert/strict";
import { inSeconds, jwt } from "../../conformance/harness/jwt.ts";
import { eventually, sleep } from "../../harness/process.ts";
import { scenario } from "../driver/scenario.ts";

/** The SDKs' own codes; what the server says is from 100 on. */
const unauthorized = 1;

export default [
  scenario("[SDK1] connects with a token, and comes back after it was away", {}, async (session) => {
    const ann = await session.client();
    const connected = await ann.connect();
    assert.match(connected.client!, /^[0-9a-f-]{36}$/);
    await ann.call("disconnect");
    const { code } = await ann.next("disconnected");
    assert.equal(code, 0);
    assert.notEqual((await ann.connect()).client, connected.client);
  }),

  scenario("[SDK2] a wrong token ends the attempt for good, an expired one asks for another", {}, async (session) => {
    const refusals = [
      { token: jwt({ sub: "ann" }, { key: "another-secret" }), code: 3500 },
      { token: session.token({ exp: inSeconds(-60) }), code: unauthorized },
    ];
    for (const [number, { token, code }] of refusals.entries()) {
      const client = await session.client(`refused${number}`, { token });
      // An SDK may tell of the refusal by the call as well.
      await client.call("connect").catch(() => {});
      assert.equal((await client.next("disconnected")).code, code);
    }
    const renewed = await session.client("ann", { token: session.token({ exp: inSeconds(-60) }), tokens: () => session.token() });
    await renewed.connect();
    assert.deepEqual(renewed.asked, [undefined]);
    const denied = await session.client("denied", { token: "", tokens: () => undefined });
    await denied.call("connect").catch(() => {});
    assert.equal((await denied.next("disconnected")).code, unauthorized);
  }),

  scenario("[SDK3] a connection token is refreshed before it ends, and nobody notices", {}, async (session) => {
    let given = 0;
    const tokens = () => session.token({ exp: inSeconds(given++ === 0 ? 4 : 3_600) });
    const ann = await session.client("ann", { token: "", tokens });
    await ann.connect();
    await ann.subscribe(session.channel("open:a"));
    await eventually("a second token", 10_000, () => ann.asked.length === 2);
    // Beyond the end of the first one, and beyond the three seconds that the server waits for another.
    await sleep(4_500);
    await ann.call("publish", { channel: session.channel("open:a"), data: "still here" });
    await ann.next("publication", ({ data }) => data === "still here");
    assert.deepEqual([ann.asked.length, ann.all("connecting").length, ann.all("disconnected").length], [2, 1, 0]);
  }),

  scenario("[SDK4] a connection whose token is not renewed is closed, and comes back with a new one", {}, async (session) => {
    let refuses = false;
    const ann = await session.client("ann", {
      token: "",
      tokens: () => (refuses ? undefined : session.token({ exp: inSeconds(4) })),
    });
    await ann.connect();
    refuses = true;
    const { code } = await ann.next("disconnected");
    assert.equal(code, unauthorized);
    refuses = false;
    await ann.connect();
  }),

  scenario("[SDK5] what the server's disconnect says decides whether the SDK comes back", {}, async (session) => {
    const ann = await session.connected();
    await session.api("disconnect", { user: session.user("ann"), disconnect: { code: 4_100, reason: "come back" } });
    const away = await ann.next("connecting", ({ code }) => code === 4_100);
    assert.equal(away.reason, "come back");
    await ann.next("connected");
    await session.api("disconnect", { user: session.user("ann"), disconnect: { code: 4_600, reason: "stay away" } });
    const gone = await ann.next("disconnected");
    assert.deepEqual([gone.code, gone.reason], [4_600, "stay away"]);
    await ann.connect();
    await session.api("disconnect", { user: session.user("ann") });
    assert.equal((await ann.next("disconnected")).code, 3_503);
  }),

  scenario("[SDK6] send, for which there is no handler, ends the connection", { needs: ["send"] }, async (session) => {
    const ann = await session.connected();
    // Over HTTP the call may be answered after the connection has ended.
    await ann.call("send", { data: { hello: 1 } }).catch(() => {});
    assert.equal((await ann.next("disconnected")).code, 3_508);
  }),

  scenario("[SDK33] without a token the backend decides who it is, what it is told, and whether it comes back", {}, async (session) => {
    session.backend.on("/connect", ({ body }) => {
      switch (body.data?.as) {
        case "carol":
          return {
            result: {
              user: session.user("carol"),
              info: { name: "Carol" },
              data: { hello: body.data.as },
              channels: [session.channel("kept:mine")],
            },
          };
        case "banned":
          return { disconnect: { code: 4_501, reason: "banned" } };
        case "forbidden":
          return { error: { code: 1_003, message: "not you" } };
        default:
          return {};
      }
    });
    const come = (as: string) => session.client(as, { token: "", data: { as, tag: session.tag } });
    const carol = await come("carol");
    assert.deepEqual((await carol.connect()).data, { hello: "carol" });
    await carol.next("server-subscribed", ({ channel }) => channel === session.channel("kept:mine"));
    for (const [as, code] of [
      ["banned", 4_501],
      ["forbidden", 1_003],
      ["nobody", 3_501],
    ] as const) {
      const client = await come(as);
      await client.call("connect").catch(() => {});
      assert.equal((await client.next("disconnected")).code, code);
    }
  }),

  scenario("[SDK34] a line that falls silent is given up after the ping is overdue, and nothing is lost", {}, async (session) => {
    const channel = session.channel("kept:a");
    const line = await session.line();
    const ann = await session.connected("ann", { line, pingDelayMs: 500 });
    await ann.subscribe(channel);
    await session.publish(channel, 1);
    await ann.next("publication");
    line.silence();
    for (const n of [2, 3]) await session.publish(channel, n);
    const { code } = await ann.next("connecting", (event) => event.code !== 0, 15_000);
    assert.equal(code, 2, "no ping");
    assert.equal((await ann.next("subscribed", ({ wasRecovering }) => wasRecovering === true)).recovered, true);
    await ann.next("publication", ({ data }) => data === 3);
    assert.deepEqual(
      ann.all("publication").map(({ data }) => data),
      [1, 2, 3],
    );
  }),

  scenario("[SDK35] the server calls a connection expired: it comes back", {}, async (session) => {
    const ann = await session.connected();
    await session.api("refresh", { user: session.user("ann"), expired: true });
    assert.equal((await ann.next("connecting", ({ code }) => code !== 0)).code, 3_005);
    await ann.next("connected");
    await session.api("refresh", { user: session.user("ann"), expire_at: inSeconds(3_600) });
    await ann.call("publish", { channel: session.channel("open:a"), data: 1 });
  }),
];
