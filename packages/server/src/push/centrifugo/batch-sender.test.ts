import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import type { JournalRow } from "@fleetcast/storage";
import { createOutgoingFetch } from "../../outgoing/outgoing-fetch.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type BatchItem, encodeBatch } from "./batch-codec.ts";
import { createBatchSender } from "./batch-sender.ts";

/** The contract double: plays the faults that a real Centrifugo cannot be made to show (X7, F12). */
type Play = (response: http.ServerResponse, body: string) => void;
let play: Play = () => {};
const asked: { readonly url: string; readonly key: string; readonly body: string }[] = [];
const double = http.createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  asked.push({ url: request.url ?? "", key: String(request.headers["x-api-key"]), body });
  play(response, body);
});
await new Promise<void>((resolve) => void double.listen(0, "127.0.0.1", resolve));
after(() => {
  double.closeAllConnections();
  double.close();
});
const url = `http://127.0.0.1:${(double.address() as AddressInfo).port}`;
const send = createBatchSender({
  url,
  apiKey: "k",
  fetch: createOutgoingFetch({ clock: systemClock }),
  timeoutMs: 300,
  answerBytesMax: 100_000,
});

const row = (channel: string, offset: number, data: string | Uint8Array, tags?: Record<string, string>): JournalRow => ({
  id: offset,
  channel,
  offset,
  epoch: "ep",
  atMs: 0,
  data: typeof data === "string" ? new Uint8Array(Buffer.from(data)) : data,
  tags,
});
const item = (value: JournalRow, skipped = 0): BatchItem => ({ row: value, skipped });
const two = [item(row("events:1", 1, "1")), item(row("events:2", 1, "2"))];
const reply =
  (text: string, status = 200) =>
  (response: http.ServerResponse) =>
    void response.writeHead(status).end(text);

test("[N2] a batch carries payloads byte for byte, with the journal's position as version", () => {
  const body = Buffer.from(
    encodeBatch([
      item(row("events:一", 7, '{"a" : 9007199254740993, "a":1e999}', { at: "5" })),
      item(row("events:2", 8, Uint8Array.of(0xff, 0x00))),
      item(row("telemetry:1", 9, "1", { at: "6" }), 3),
    ]),
  ).toString("utf8");
  assert.equal(
    body,
    '{"parallel":true,"commands":[{"publish":{"channel":"events:一","data":{"a" : 9007199254740993, "a":1e999},"tags":{"at":"5"},"version":7,"version_epoch":"ep"}},' +
      '{"publish":{"channel":"events:2","b64data":"/wA=","version":8,"version_epoch":"ep"}},' +
      '{"publish":{"channel":"telemetry:1","data":1,"tags":{"at":"6","skipped":"3"},"version":9,"version_epoch":"ep"}}]}',
  );
});

test("[X7] whole answers are read item by item", async () => {
  play = reply('{"replies":[{"publish":{"offset":5,"epoch":"cf"}},{"error":{"code":100,"message":"internal server error"}}]}');
  assert.deepEqual(await send(two), {
    kind: "answered",
    items: [
      { kind: "pushed", position: { offset: 5, epoch: "cf" } },
      { kind: "refused", code: 100, message: "internal server error" },
    ],
  });
  assert.deepEqual([asked.at(-1)!.url, asked.at(-1)!.key], ["/api/batch", "k"]);
});

const good = '{"replies":[{"publish":{"offset":5,"epoch":"cf"}},{"publish":{"offset":5,"epoch":"cf"}}]}';
const faults: readonly (readonly [name: string, play: Play, expected: { readonly alarm: boolean; readonly tooLarge: boolean }])[] = [
  ["500", reply(good, 500), { alarm: false, tooLarge: false }],
  ["503", reply("", 503), { alarm: false, tooLarge: false }],
  ["401", reply("", 401), { alarm: true, tooLarge: false }],
  ["404", reply("404 page not found", 404), { alarm: true, tooLarge: false }],
  ["413", reply("", 413), { alarm: false, tooLarge: true }],
  ["201 with a good body", reply(good, 201), { alarm: false, tooLarge: false }],
  ["a redirect", (response) => void response.writeHead(307, { location: `${url}/elsewhere` }).end(), { alarm: false, tooLarge: false }],
  ["broken JSON", reply(good.slice(0, -2)), { alarm: false, tooLarge: false }],
  ["JSON of another kind", reply("[]"), { alarm: false, tooLarge: false }],
  ["an error for all", reply('{"error":{"code":107,"message":"bad request"}}'), { alarm: false, tooLarge: false }],
  ["too few replies", reply('{"replies":[{"publish":{"offset":5}}]}'), { alarm: false, tooLarge: false }],
  ["too many replies", reply('{"replies":[{"publish":{}},{"publish":{}},{"publish":{}}]}'), { alarm: false, tooLarge: false }],
  ["a reply that says nothing", reply('{"replies":[{"publish":{}},{}]}'), { alarm: false, tooLarge: false }],
  ["a reply with another offset type", reply('{"replies":[{"publish":{}},{"publish":{"offset":"5"}}]}'), { alarm: false, tooLarge: false }],
  ["an error without a code", reply('{"replies":[{"publish":{}},{"error":{}}]}'), { alarm: false, tooLarge: false }],
  ["an empty answer", reply(""), { alarm: false, tooLarge: false }],
  ["a huge answer", reply(`{"replies":[${'{"publish":{}},'.repeat(20_000)}]}`), { alarm: false, tooLarge: false }],
  ["silence", () => {}, { alarm: false, tooLarge: false }],
  [
    "half an answer, then reset",
    (response) => {
      response.writeHead(200, { "content-length": good.length });
      response.write(good.slice(0, 20), () => response.socket?.resetAndDestroy());
    },
    { alarm: false, tooLarge: false },
  ],
];

for (const [name, played, expected] of faults) {
  test(`[X7] ${name}: the whole batch counts as not pushed`, async () => {
    play = played;
    const outcome = await send(two);
    assert.equal(outcome.kind, "failed");
    if (outcome.kind === "failed") assert.deepEqual({ alarm: outcome.alarm, tooLarge: outcome.tooLarge }, expected, outcome.reason);
    assert.equal(asked.at(-1)!.url, "/api/batch", "a redirect was followed");
  });
}

test("[A5] no outcome repeats the key", async () => {
  for (const [, played] of faults) {
    play = played;
    assert.doesNotMatch(JSON.stringify(await send(two)), /"k"|x-api-key/);
  }
});
