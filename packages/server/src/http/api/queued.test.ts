import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutCentrifugo } from "../../push/centrifugo/testing-centrifugo.ts";
import { type ApiSide, apiKey, centrifugoSide } from "./testing-sides.ts";

test("[N5] while Centrifugo is away, publishes are stored and answered as queued, reads answer 100", {
  skip: withoutCentrifugo(),
}, async () => {
  const side = await centrifugoSide();
  try {
    assert.deepEqual(await ask(side, "/api/publish", '{"channel":"events:a","data":0}'), {
      status: 200,
      text: '{"result":{"offset":1,"epoch":"E"}}',
      queued: null,
    });
    await side.centrifugo!.kill();
    const queued = { status: 200, queued: "1" };
    const answers = await Promise.all([
      ask(side, "/api/publish", '{"channel":"events:a","data":1}'),
      ask(side, "/api/broadcast", '{"channels":["p_alert:global","events:b"],"data":2}'),
      ask(side, "/api", '{"id":7,"method":"publish","params":{"channel":"events:c","data":3}}'),
      ask(side, "/api/batch", '{"commands":[{"publish":{"channel":"events:d","data":4}}]}'),
      ask(side, "/api/history", '{"channel":"events:a","limit":1}'),
    ]);
    assert.deepEqual(answers, [
      { ...queued, text: '{"result":{}}' },
      { ...queued, text: '{"result":{"responses":[{"result":{}},{"result":{}}]}}' },
      { ...queued, text: '{"id":7,"result":{}}' },
      { ...queued, text: '{"replies":[{"publish":{}}]}' },
      { status: 200, queued: null, text: '{"error":{"code":100,"message":"internal server error"}}' },
    ]);
    assert.ok(side.push!.lag >= 5);
    await side.centrifugo!.start();
    while (side.push!.lag > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const [channel, data] of [
      ["events:a", 1],
      ["p_alert:global", 2],
      ["events:b", 2],
      ["events:c", 3],
      ["events:d", 4],
    ] as const) {
      const { text } = await ask(side, "/api/history", `{"channel":"${channel}","limit":5}`);
      assert.equal(text, `{"result":{"publications":[{"data":${data},"offset":1}],"epoch":"E","offset":1}}`, channel);
    }
  } finally {
    await side.stop();
  }
});

async function ask(side: ApiSide, path: string, body: string) {
  const response = await side.request(path, { method: "POST", body, headers: { "x-api-key": apiKey } });
  const text = (await response.text()).replaceAll(/"epoch":"[^"]+"/g, '"epoch":"E"');
  return { status: response.status, text, queued: response.headers.get("x-fleetcast-queued") };
}
