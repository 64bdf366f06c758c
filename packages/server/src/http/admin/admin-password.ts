import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "@fleetcast/engine";
import { createHmacJws } from "../../auth/tokens/hmac-jws.ts";
import { addressGroup } from "../../auth/users/login.ts";
import { Throttle, type ThrottleLimits } from "../../auth/users/throttle.ts";

/** Ten attempts, as with Centrifugo; then growing delays instead of a wait for a whole minute. */
export const adminAddressLimits: ThrottleLimits = {
  freeAttempts: 10,
  delayMs: 1_000,
  delayMsMax: 60_000,
  forgetMs: 900_000,
  keysMax: 10_000,
};
/** Guesses from many addresses together. The delay stays short: it must not lock out whoever knows the password. */
export const adminTotalLimits: ThrottleLimits = { freeAttempts: 100, delayMs: 250, delayMsMax: 5_000, forgetMs: 900_000, keysMax: 1 };

export type AdminLogin =
  | { readonly kind: "ok"; readonly token: string }
  | { readonly kind: "wrong" }
  | { readonly kind: "throttled"; readonly retryAfterS: number };

/** How long a login of the admin API lasts. Seconds. */
export const adminTokenTtlS = 12 * 3_600;

const total = "total";

/** The one password of the admin API, and the tokens that it opens. Another password or secret ends all tokens made before. */
export function createAdminPassword({
  password,
  secret,
  clock,
}: {
  readonly password: string;
  readonly secret: string;
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
}): { login(given: string, address: string): AdminLogin; isToken(token: string): boolean } {
  const addresses = new Throttle(adminAddressLimits, clock);
  const everybody = new Throttle(adminTotalLimits, clock);
  const expected = digest(password);
  const jws = secret === "" ? undefined : createHmacJws(digest(`fleetcast admin api 1\n${secret}\n${password}`), "admin");
  return {
    login(given, address) {
      if (password === "" || jws === undefined) return { kind: "wrong" };
      const from = addressGroup(address);
      const waitMs = Math.max(addresses.waitMs(from), everybody.waitMs(total));
      if (waitMs > 0) return { kind: "throttled", retryAfterS: Math.ceil(waitMs / 1_000) };
      addresses.count(from);
      everybody.count(total);
      if (!timingSafeEqual(digest(given), expected)) return { kind: "wrong" };
      addresses.refund(from);
      everybody.refund(total);
      return { kind: "ok", token: jws.sign({ exp: Math.floor(clock.wallMs() / 1_000) + adminTokenTtlS }) };
    },
    isToken(token) {
      const claims = jws?.open(token) as { readonly exp: number } | undefined;
      return claims !== undefined && claims.exp * 1_000 > clock.wallMs();
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
