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

  scenario("[SDK2] a wrong token and no token end the attempt for good, an expired one asks for another", {}, async (session) => {
    const refusals = [
      { token: jwt({ sub: "ann" }, { key: "another-secret" }), code: 3500 },
      { token: "", code: 3501 },
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
    const tokens = () => session.token({ exp: inSeconds(given++ === 0 ? 3 : 3_600) });
    const ann = await session.client("ann", { token: "", tokens });
    await ann.connect();
    await ann.subscribe(session.channel("open:a"));
    await eventually("a second token", 10_000, () => ann.asked.length === 2);
    // Beyond the end of the first one, and beyond the second that the server waits for another.
    await sleep(2_500);
    await ann.call("publish", { channel: session.channel("open:a"), data: "still here" });
    await ann.next("publication", ({ data }) => data === "still here");
    assert.deepEqual([ann.asked.length, ann.all("connecting").length, ann.all("disconnected").length], [2, 1, 0]);
  }),

  scenario("[SDK4] a connection whose token is not renewed is closed, and comes back with a new one", {}, async (session) => {
    let refuses = false;
    const ann = await session.client("ann", {
      token: "",
      tokens: () => (refuses ? undefined : session.token({ exp: inSeconds(2) })),
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
];
