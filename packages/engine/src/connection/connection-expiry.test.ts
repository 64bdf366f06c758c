import assert from "node:assert/strict";
import { bytes, EngineBench, type TestClient, test, text } from "../../testing/index.ts";
import { noProxies, type ProxyAnswer, ProxyAnswerUnusable, type RefreshProxyResult } from "../proxies.ts";

type Answer = ProxyAnswer<RefreshProxyResult> | Error;
const namespaces = { news: { allowSubscribeForClient: true, presence: true } };
const later = (b: EngineBench, seconds: number) => Math.floor(b.clock.wallMs() / 1_000) + seconds;
const renewed = (expireAtS: number | undefined, more: Partial<RefreshProxyResult> = {}): Answer => ({
  kind: "result",
  result: { expired: false, expireAtS, info: undefined, meta: undefined, ...more },
});

/** A connection that expires in a minute, and a backend that answers like this, question by question. */
async function expiring(
  ...answers: ((b: EngineBench) => Answer)[]
): Promise<{ b: EngineBench; client: TestClient; asked: { meta: string }[] }> {
  const asked: { meta: string }[] = [];
  const b: EngineBench = new EngineBench({
    namespaces,
    options: { pingIntervalMs: 0 },
    ports: {
      proxies: {
        ...noProxies,
        refresh: async ({ meta }) => {
          asked.push({ meta: text(meta) });
          const answer = answers[Math.min(asked.length, answers.length) - 1]?.(b) ?? new Error("nothing to say");
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
    },
  });
  const client = await b.connect({ user: "ann", info: "1", meta: "1", expireAtS: later(b, 60) });
  return { b, client, asked };
}

test("[RF1] with a refresh proxy the client hears of no expiry, and its own refresh is 3501", async () => {
  const { client } = await expiring((b) => renewed(later(b, 60)));
  assert.deepEqual([client.messages[0]?.["connect"]["expires"], client.messages[0]?.["connect"]["ttl"]], [undefined, undefined]);
  await client.call("refresh", { token: JSON.stringify({ user: "ann" }) });
  assert.equal(client.closeCode, 3501);
});

test("[RF2] the proxy is asked at the expiry, and again at the next", async () => {
  const { b, client, asked } = await expiring((b) => renewed(later(b, 100)));
  await b.clock.advance(59_000);
  assert.equal(asked.length, 0);
  await b.clock.advance(1_200);
  assert.equal(asked.length, 1);
  await b.clock.advance(99_000);
  assert.equal(asked.length, 1);
  await b.clock.advance(2_000);
  assert.deepEqual([asked.length, client.closeCode], [2, undefined]);
});

test("[RF2] info and meta are replaced where they are given; presence shows the new info from the next tick on", async () => {
  const { b, client, asked } = await expiring((b) => renewed(later(b, 30), { info: bytes("2"), meta: bytes("2") }));
  await client.subscribe("news:a");
  await b.clock.advance(120_000);
  assert.deepEqual(asked.slice(0, 2), [{ meta: "1" }, { meta: "2" }]);
  assert.equal(text(b.engine.presence("news:a").get(client.id)?.connInfo), "2");
});

for (const [what, answer] of [
  ["`expired`", () => renewed(undefined, { expired: true })],
  ["no `expire_at`", () => renewed(undefined)],
  ["an `expire_at` that is past", () => renewed(1)],
  ["no result", () => ({ kind: "result", result: undefined })],
  ["an error alone", () => ({ kind: "error", code: 1_000, message: "no", temporary: false })],
  ["a disconnect alone", () => ({ kind: "disconnect", code: 4_500, reason: "no" })],
] as const satisfies [string, () => Answer][]) {
  test(`[RF3] [X3] [X4] ${what} ends the connection with 3005`, async () => {
    const { b, client } = await expiring(answer);
    await b.clock.advance(60_200);
    assert.deepEqual(client.socket.ended, { code: 3005, reason: "connection expired" });
  });
}

test("[RF4] [X1] a backend that does not answer is asked again a minute later", async () => {
  const { b, client, asked } = await expiring(
    () => new Error("refused"),
    (b) => renewed(later(b, 1_000)),
  );
  await b.clock.advance(61_000);
  assert.deepEqual([asked.length, client.closeCode, b.reports.length], [1, undefined, 1]);
  await b.clock.advance(58_000);
  assert.equal(asked.length, 1);
  await b.clock.advance(2_000);
  assert.deepEqual([asked.length, client.closeCode], [2, undefined]);
});

test("[RF4] [X1] an answer of which a part cannot be used ends the connection with 3004", async () => {
  const { b, client } = await expiring(() => new ProxyAnswerUnusable("bad base64"));
  await b.clock.advance(60_200);
  assert.deepEqual([client.closeCode, b.reports.length], [3004, 1]);
});

test("[RF4] a connection that ends while the backend thinks is not asked about again", async () => {
  const { b, client } = await expiring((b) => renewed(later(b, 30)));
  await b.clock.advance(59_800);
  client.cut();
  await b.clock.advance(200_000);
  assert.deepEqual([b.clock.pending, b.reports], [0, []]);
});
