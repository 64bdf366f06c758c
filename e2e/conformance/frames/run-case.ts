import assert from "node:assert/strict";
import type { Side } from "../harness/side.ts";
import { every, fragments, frame } from "./frame.ts";
import type { FrameCase, Outcome } from "./frame-case.ts";
import { FrameProbe } from "./probe.ts";

export interface ProbeOptions {
  readonly extensions?: string;
  readonly inflate?: (payload: Buffer) => Buffer;
}

/** Connects, subscribes, writes the case's bytes and looks for its outcome. */
export async function runCase(side: Side, { writes, pieces }: FrameCase, outcome: Outcome, options: ProbeOptions = {}): Promise<void> {
  const channel = side.channel("open:w");
  const probe = await FrameProbe.open(side.port, options);
  side.later(() => probe.destroy());
  probe.say(JSON.stringify({ id: 1, connect: { token: side.token() } }));
  probe.say(JSON.stringify({ id: 2, subscribe: { channel } }));
  await probe.until("the subscription", () => probe.texts.find((text) => text.startsWith('{"id":2,')));

  let data = "";
  const [before, after] = [`{"id":3,"publish":{"channel":"${channel}","data":"`, '"}}'];
  const withText = (text: string | Uint8Array): Buffer => {
    const bytes = Buffer.from(text as Uint8Array);
    data = bytes.toString();
    return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
  };
  const ofLength = (length: number): Buffer => {
    assert.ok(length > before.length + after.length, `a publish command has more than ${length} bytes`);
    return withText("x".repeat(length - before.length - after.length));
  };
  const bytes = writes({ ofLength, withText });
  if (pieces === undefined) probe.write(bytes);
  else await probe.writeInPieces(bytes, pieces);

  await expectOutcome(probe, outcome, data);
  side.note("frames", JSON.stringify(outcome));
}

async function expectOutcome(probe: FrameProbe, outcome: Outcome, data: string): Promise<void> {
  if (outcome.kind === "close" || outcome.kind === "cut") {
    assert.deepEqual(await probe.ended(), outcome);
    return;
  }
  if (outcome.kind === "published") {
    await probe.until("the reply", () => probe.texts.find((text) => text.startsWith('{"id":3,"publish":{}')));
    const pushed = await probe.until("the publication", () =>
      probe.texts.find((text) => text.startsWith('{"push":{') && text.includes('"pub":{')),
    );
    assert.equal(JSON.parse(pushed).push.pub.data, data);
  }
  // One command there and back: everything before it was taken, and the connection lives.
  probe.say('{"id":9,"unsubscribe":{"channel":"none"}}');
  await probe.until("a reply to what follows", () => probe.texts.find((text) => text.startsWith('{"id":9,')));
  assert.deepEqual(probe.pongs, outcome.kind === "ponged" ? outcome.payloads : []);
}

/** A whole message, or one cut into pieces of this size. */
export function message(opcode: number, payload: Uint8Array, size?: number): Buffer {
  return size === undefined ? frame({ opcode, payload }) : Buffer.concat(fragments(opcode, payload, every(size, payload.length)));
}
