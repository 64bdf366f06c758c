import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { StartRefused } from "../../lifecycle/start-refused.ts";
import { handClock } from "../testing/hand-clock.ts";
import { testNowMs, testNowS } from "../testing/token-forge.ts";
import { createTrackVerifier } from "./track-signature.ts";

const secret = "the secret of the shared poll channels";
const previous = "the secret that was there before this one";

interface Signed {
  readonly iat?: number | string;
  readonly exp?: number | string;
  readonly user?: string;
  readonly channel?: string;
  readonly keys?: readonly string[];
  readonly secret?: string;
}

function sign({
  iat = testNowS,
  exp = testNowS + 60,
  user = "ann",
  channel = "board:a",
  keys = ["k1", "k2"],
  ...rest
}: Signed = {}): string {
  const hash = createHash("sha256").update(keys.join("\0")).digest("hex");
  const text = `${iat}\0${exp}\0${user}\0${channel}\0${hash}`;
  return `${iat}:${exp}:${createHmac("sha256", rest.secret ?? secret)
    .update(text)
    .digest("hex")}`;
}

function verifier(untilS = 0, clock = handClock(testNowMs)) {
  const secrets = { hmacSecretKey: secret, hmacPreviousSecretKey: previous, hmacPreviousSecretKeyValidUntilS: untilS };
  const verify = createTrackVerifier(secrets, { clock });
  return (signature: string, asked: { user?: string; channel?: string; keys?: readonly string[] } = {}) => {
    const verdict = verify({ user: "ann", channel: "board:a", keys: ["k1", "k2"], signature, ...asked });
    return verdict.ok ? verdict.expireAtS : verdict.why;
  };
}

test("[TRK1] a signature opens for its user, its channel and its keys in their order, and for nothing else", () => {
  const verify = verifier();
  assert.equal(verify(sign()), testNowS + 60);
  assert.equal(verify(sign(), { user: "bob" }), "invalid");
  assert.equal(verify(sign(), { channel: "board:b" }), "invalid");
  assert.equal(verify(sign(), { keys: ["k2", "k1"] }), "invalid");
  assert.equal(verify(sign(), { keys: ["k1"] }), "invalid");
  assert.equal(verify(sign(), { keys: ["k1", "k2", "k3"] }), "invalid");
  assert.equal(verify(sign({ secret: "another secret of enough bytes in it" })), "invalid");
  // What separates the fields cannot be a part of one.
  assert.equal(verify(sign({ user: "ann\0board", channel: "a" }), { user: "ann", channel: "board\0a" }), "invalid");
  assert.equal(verify(sign({ keys: ["k1", "k2"] }), { keys: ["k1\0k2"] }), "invalid");
  assert.equal(verify(sign({ keys: ["k1\0k2"] }), { keys: ["k1\0k2"] }), "invalid");
  assert.equal(verify(sign({ user: "ann:board", channel: "a" }), { user: "ann", channel: "board:a" }), "invalid");
  assert.equal(verify(sign({ keys: [] }), { keys: [] }), testNowS + 60);
});

test("[TRK2] exp 0 never ends; after exp there are five seconds of grace", () => {
  const clock = handClock(testNowMs);
  const verify = verifier(0, clock);
  assert.equal(verify(sign({ exp: 0 })), 0);
  assert.equal(verify(sign({ exp: testNowS - 5 })), testNowS - 5);
  assert.equal(verify(sign({ exp: testNowS - 6 })), "expired");
  // Whether it was once right is told to its owner only.
  assert.equal(verify(sign({ exp: testNowS - 6 }), { user: "bob" }), "invalid");
  clock.advance(66_000);
  assert.equal(verify(sign({ exp: testNowS + 60 })), "expired");
});

test("[TRK3] the previous secret holds until its time by our clock, and for what says it was signed before", () => {
  const old = (changes: Signed = {}) => sign({ ...changes, secret: previous });
  assert.equal(verifier(0)(old({ iat: testNowS + 900 })), testNowS + 60);
  assert.equal(verifier(testNowS)(old()), testNowS + 60);
  assert.equal(verifier(testNowS)(old({ iat: testNowS + 1 })), "invalid");
  assert.equal(verifier(testNowS - 1)(old({ iat: 1 })), "invalid");
  assert.equal(verifier(testNowS - 1)(sign()), testNowS + 60);
});

test("[TRK4] what is not two whole numbers and lower-case hex is invalid, whoever signed it", () => {
  const verify = verifier();
  const [iat, exp, mac] = sign().split(":") as [string, string, string];
  for (const signature of [
    "",
    "::",
    `${iat}:${exp}`,
    `${iat}:${exp}:`,
    `${iat}:${exp}:${mac}0`,
    `${iat}:${exp}:${mac.toUpperCase()}`,
    `${iat}:${exp}:${mac}\n`,
    ` ${iat}:${exp}:${mac}`,
    sign({ exp: "x" }),
    sign({ exp: "-1" }),
    sign({ iat: "", exp: "" }),
    sign({ exp: "1e9" }),
  ]) {
    assert.equal(verify(signature), "invalid", JSON.stringify(signature));
  }
});

test("[TRK5] without a secret nothing is verified: the start is refused", () => {
  const secrets = { hmacSecretKey: "", hmacPreviousSecretKey: previous, hmacPreviousSecretKeyValidUntilS: 0 };
  assert.throws(() => createTrackVerifier(secrets, { clock: handClock(0) }), StartRefused);
});
