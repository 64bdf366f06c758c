import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededChance } from "@fleetcast/engine/testing";
import { withoutCentrifugo } from "../../push/centrifugo/testing-centrifugo.ts";
import { type ApiSide, apiKey, embeddedSide, realSide } from "./testing-sides.ts";

/**
 * Damaged requests, the same to our API and to the real Centrifugo's: the same statuses and the same answers (G12, G14). A
 * failure names its seed; the bodies of a seed are always the same.
 */
const requests: readonly (readonly [path: string, body: string])[] = [
  [
    "/api/publish",
    '{"channel":"mem:a","data":{"a":[1,2.5e3,"x\\u0041\\n"],"b":null},"tags":{"k":"v"},"skip_history":false,"version":3,"version_epoch":"e","idempotency_key":"","delta":false}',
  ],
  ["/api/publish", '{"channel":"mem:a","b64data":"eyJhIjoxfQ=="}'],
  ["/api/broadcast", '{"channels":["mem:a","nope:b",""],"data":true}'],
  ["/api/history", '{"channel":"telemetry:none","limit":3,"since":{"offset":0,"epoch":""},"reverse":false}'],
  ["/api/presence", '{"channel":"telemetry:none"}'],
  ["/api/channels", '{"pattern":"{a,b*}[c-d]"}'],
  ["/api/disconnect", '{"user":"u","client":"c","session":"s","whitelist":["a",null],"disconnect":{"code":4500,"reason":"r"}}'],
  ["/api/unsubscribe", '{"user":"u","channel":"telemetry:none"}'],
  [
    "/api",
    '{"id":7,"method":"publish","params":{"channel":"mem:a","data":[]}}\n{"method":"presence_stats","params":{"channel":"telemetry:none"}}',
  ],
  ["/api", '{"method":4,"params":{"channel":"telemetry:none"}}{"method":"RPC","params":{"method":"x"}}'],
  ["/api/batch", '{"commands":[{"publish":{"channel":"mem:a","data":1}},{"rpc":{"method":"m"}},null],"parallel":false}'],
];

const pieces = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "null",
  "true",
  "0",
  "-1",
  "1.5",
  "1e400",
  "9999999999",
  " ",
  "\n",
  "\u0000",
  "é",
  "\ufeff",
  '"channel"',
  '"data"',
  "{}",
  "[]",
  '""',
  "\\ud800",
];

/** One to three changes: a byte, a cut, a repeat, a piece put in, a piece of another request spliced in. */
function damaged(body: string, chance: SeededChance): Uint8Array {
  let bytes = Buffer.from(body);
  for (let change = 0; change <= chance.below(3); change += 1) {
    const at = chance.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + chance.below(12));
    const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    switch (chance.below(6)) {
      case 0:
        bytes = Buffer.concat([before, Buffer.of(chance.below(256)), bytes.subarray(at + 1)]);
        break;
      case 1:
        bytes = Buffer.concat([before, after]);
        break;
      case 2:
        bytes = Buffer.concat([before, middle, middle, after]);
        break;
      case 3:
        bytes = Buffer.concat([before, Buffer.from(pieces[chance.below(pieces.length)]!), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([before, Buffer.from(pieces[chance.below(pieces.length)]!), after]);
        break;
      default: {
        const other = Buffer.from(requests[chance.below(requests.length)]![1]);
        const start = chance.below(other.length);
        bytes = Buffer.concat([before, other.subarray(start, start + chance.below(20)), after]);
      }
    }
  }
  return bytes;
}

async function ask(side: ApiSide, path: string, body: Uint8Array): Promise<string> {
  const response = await side.request(path, { method: "POST", body: body as Uint8Array<ArrayBuffer>, headers: { "x-api-key": apiKey } });
  const text = (await response.text())
    .replaceAll(/"epoch":"[A-Za-z]{8}"/g, '"epoch":"E"')
    .replaceAll(/\{"nodes":.*?"num_subs":0\}\]\}/g, "{nodes}");
  return `${response.status} ${text}`;
}

/** The difference that is known: close codes that no client would hear are refused (docs/spec/push.md). */
function isKnown(path: string, ours: string, real: string): boolean {
  return path === "/api/disconnect" && ours.includes('"code":107') && real === '200 {"result":{}}';
}

test("[G14] damaged requests get the answers of the real server", { skip: withoutCentrifugo() }, async () => {
  const [ours, real] = await Promise.all([embeddedSide(), realSide()]);
  const different: string[] = [];
  try {
    for (let seed = 1; seed <= Number(process.env["FLEETCAST_FUZZ_RUNS"] ?? 2_000); seed += 1) {
      const chance = new SeededChance(seed);
      const [path, body] = requests[chance.below(requests.length)]!;
      const bytes = damaged(body, chance);
      const [a, b] = [await ask(ours, path, bytes), await ask(real, path, bytes)];
      if (a !== b && !isKnown(path, a, b))
        different.push(`seed ${seed}: ${path} ${JSON.stringify(Buffer.from(bytes).toString("latin1"))}\n  ours ${a}\n  real ${b}`);
    }
  } finally {
    await ours.stop();
    await real.stop();
  }
  assert.equal(different.length, 0, different.slice(0, 40).join("\n"));
});
