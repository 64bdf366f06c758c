import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Clock, TrackVerifier } from "@fleetcast/engine";
import type { SharedPollSecrets } from "../../config/config.ts";
import { StartRefused } from "../../lifecycle/start-refused.ts";

/** How much longer a signature holds than it says. Seconds. */
const graceS = 5;

/** `<iat>:<exp>:<hex of an HMAC-SHA256>`; whole seconds, `exp` 0: for ever. */
const form = /^(\d{1,19}):(\d{1,19}):([0-9a-f]{64})$/;

/**
 * Checks who let a user follow which keys of a shared poll channel (`docs/spec/tokens.md`, TRK). In constant time; the keys count
 * in the order in which the client names them.
 * @throws StartRefused without a secret: with an empty one anybody could sign
 */
export function createTrackVerifier(secrets: SharedPollSecrets, { clock }: { readonly clock: Pick<Clock, "wallMs"> }): TrackVerifier {
  if (secrets.hmacSecretKey === "")
    throw new StartRefused("shared_poll.hmac_secret_key is needed where a namespace is of type shared_poll");
  const current = secretOf(secrets.hmacSecretKey);
  const previous = secrets.hmacPreviousSecretKey === "" ? undefined : secretOf(secrets.hmacPreviousSecretKey);
  const untilS = secrets.hmacPreviousSecretKeyValidUntilS;

  return ({ user, channel, keys, signature }) => {
    const [, iat, exp, given] = form.exec(signature) ?? [];
    if (iat === undefined || exp === undefined || given === undefined) return invalid;
    // U+0000 separates the fields, so none may hold it: a signature for one list of keys would be one for another, too.
    if (user.includes("\0") || channel.includes("\0") || keys.some((key) => key.includes("\0"))) return invalid;
    const nowS = Math.floor(clock.wallMs() / 1_000);
    const keysHash = createHash("sha256").update(keys.join("\0")).digest("hex");
    const signed = [iat, exp, user, channel, keysHash].join("\0");
    // The server's own time bounds the previous secret: whoever still has it can write any `iat` into a signature.
    const previousHolds = previous !== undefined && (untilS <= 0 || (nowS <= untilS && Number(iat) <= untilS));
    const holds = isSignedBy(current, signed, given) || (previousHolds && isSignedBy(previous, signed, given));
    if (!holds) return invalid;
    const expireAtS = Number(exp);
    return expireAtS > 0 && expireAtS + graceS < nowS ? { ok: false, why: "expired" } : { ok: true, expireAtS };
  };
}

const invalid = { ok: false, why: "invalid" } as const;

function secretOf(text: string): KeyObject {
  return createSecretKey(Buffer.from(text, "utf8"));
}

function isSignedBy(secret: KeyObject, signed: string, given: string): boolean {
  const expected = createHmac("sha256", secret).update(signed).digest();
  return timingSafeEqual(expected, Buffer.from(given, "hex"));
}
