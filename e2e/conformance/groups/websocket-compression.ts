import assert from "node:assert/strict";
import { constants, inflateRawSync } from "node:zlib";
import { standard } from "../configs/standard.ts";
import { addCases } from "../frames/add-case.ts";
import { deflateCases } from "../frames/deflate-cases.ts";
import { FrameProbe } from "../frames/probe.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "websocket-compression",
  title: "Compressed WebSocket messages",
  about: "permessage-deflate: what is agreed on, what is compressed, and what a client may send.",
  config: { ...standard, websocket: { compression: true, compression_min_size: 500 } },
});

const inflate = (payload: Buffer): Buffer =>
  inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), { finishFlush: constants.Z_SYNC_FLUSH });
const asked = { extensions: "permessage-deflate; client_max_window_bits", inflate };

addCases(rule, deflateCases(), { ...asked, firstNumber: 100 });

/** Parameters of the answer, in no order; undefined: nothing was agreed on. */
async function agreed(side: Side, extensions: string | undefined): Promise<readonly string[] | undefined> {
  const probe = await FrameProbe.open(side.port, extensions === undefined ? {} : { extensions });
  side.later(() => probe.destroy());
  const line = /^sec-websocket-extensions: *(.*)$/im.exec(probe.head)?.[1];
  const found = line
    ?.split(";")
    .map((part) => part.trim())
    .sort();
  side.note("agreed", JSON.stringify(found ?? null));
  return found;
}

const whole = ["client_no_context_takeover", "permessage-deflate", "server_no_context_takeover"];

for (const [number, extensions] of [
  "permessage-deflate",
  "permessage-deflate; client_max_window_bits",
  "permessage-deflate; client_max_window_bits=10",
  "permessage-deflate; server_no_context_takeover",
  "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
  "x-unknown, permessage-deflate",
  "permessage-deflate; client_max_window_bits, permessage-deflate",
].entries()) {
  rule(`[TR11.${number + 1}] ${extensions}: each message on its own, both ways`, { formats: ["json"] }, async (side) => {
    assert.deepEqual(await agreed(side, extensions), whole);
  });
}

rule("[TR11.20] another extension, or none: nothing is agreed on", { formats: ["json"] }, async (side) => {
  assert.equal(await agreed(side, "x-webkit-deflate-frame"), undefined);
  assert.equal(await agreed(side, undefined), undefined);
});

async function sizesOf(side: Side, options: typeof asked | Record<string, never>): Promise<(readonly [number, boolean])[]> {
  const probe = await FrameProbe.open(side.port, options);
  side.later(() => probe.destroy());
  const channel = side.channel("open:z");
  probe.say(JSON.stringify({ id: 1, connect: { token: side.token() } }));
  await probe.until("connected", () => (probe.texts.length > 0 ? true : undefined));
  probe.say(JSON.stringify({ id: 2, subscribe: { channel } }));
  await probe.until("subscribed", () => (probe.texts.length > 1 ? true : undefined));
  const sizes: (readonly [number, boolean])[] = [];
  for (const length of [10, 300, 600, 5_000]) {
    const before = probe.frames.length;
    await side.publish(channel, "y".repeat(length));
    const frame = await probe.until("the publication", () => probe.frames[before]);
    assert.ok(probe.texts.at(-1)?.includes("y".repeat(length)));
    sizes.push([length, frame.compressed]);
  }
  return sizes;
}

rule("[TR11.21] what is larger than compression_min_size is compressed, and nothing else", { formats: ["json"] }, async (side) => {
  assert.deepEqual(await sizesOf(side, asked), [
    [10, false],
    [300, false],
    [600, true],
    [5_000, true],
  ]);
});

rule("[TR11.22] nothing is compressed for a client that did not ask for it", { formats: ["json"] }, async (side) => {
  for (const [, compressed] of await sizesOf(side, {})) assert.equal(compressed, false);
});

export default group;
