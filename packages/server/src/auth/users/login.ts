import { randomBytes } from "node:crypto";
import type { Clock } from "@fleetcast/engine";
import ipaddr from "ipaddr.js";
import { addressLimits, nameLimits, Throttle } from "./throttle.ts";
import { nameKey, type User } from "./user.ts";
import type { PasswordHasher, Users } from "./users.ts";

export type LoginOutcome =
  | { readonly kind: "ok"; readonly user: User }
  /** Unknown name or wrong password: nothing tells which (H13). */
  | { readonly kind: "wrong" }
  /** The right password of somebody who is blocked: only they are told. */
  | { readonly kind: "blocked"; readonly user: User }
  | { readonly kind: "throttled"; readonly retryAfterS: number };

export type Login = (attempt: { readonly name: string; readonly password: string; readonly address: string }) => Promise<LoginOutcome>;

/** A hash takes tens of milliseconds and tens of megabytes; more at once would slow everything else. */
const hashesAtOnceMax = 2;
/** Logins waiting for their hash; above this the answer is "later". */
const hashesWaitingMax = 32;

export async function createLogin(ports: {
  readonly users: Pick<Users, "byName" | "passwordHash">;
  readonly hasher: PasswordHasher;
  readonly isBlocked: (userId: string) => boolean;
  readonly clock: Pick<Clock, "monotonicMs">;
}): Promise<Login> {
  const { users, hasher, clock } = ports;
  const names = new Throttle(nameLimits, clock);
  const addresses = new Throttle(addressLimits, clock);
  const hashing = createGate(hashesAtOnceMax, hashesWaitingMax);
  // Verified for names that do not exist: the answer then takes the same time as for names that do.
  const hashOfNobody = await hasher.hash(randomBytes(24).toString("base64url"));

  return async ({ name, password, address }) => {
    const key = nameKey(name);
    const from = addressGroup(address);
    const waitMs = Math.max(names.waitMs(key), addresses.waitMs(from));
    if (waitMs > 0) return { kind: "throttled", retryAfterS: Math.ceil(waitMs / 1_000) };
    const pass = hashing.enter();
    if (pass === undefined) return { kind: "throttled", retryAfterS: 1 };
    names.count(key);
    addresses.count(from);
    await pass;
    try {
      const user = users.byName(name);
      const stored = user === undefined ? undefined : users.passwordHash(user.id);
      const right = await hasher.verify(password, stored ?? hashOfNobody);
      if (!right || user === undefined || stored === undefined) return { kind: "wrong" };
      names.forget(key);
      addresses.refund(from);
      return { kind: ports.isBlocked(user.id) ? "blocked" : "ok", user };
    } finally {
      hashing.leave();
    }
  };
}

/** One household or office has a whole /64 of IPv6 addresses; they count as one. */
export function addressGroup(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === "ipv4"
    ? parsed.toString()
    : (parsed as ipaddr.IPv6).parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(":");
}

interface Gate {
  /** Resolves when it is one's turn; undefined when too many wait. */
  enter(): Promise<void> | undefined;
  leave(): void;
}

function createGate(atOnceMax: number, waitingMax: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    enter() {
      if (inside < atOnceMax) {
        inside += 1;
        return Promise.resolve();
      }
      if (waiting.length >= waitingMax) return undefined;
      return new Promise((resolve) => waiting.push(resolve));
    },
    leave() {
      const next = waiting.shift();
      if (next === undefined) inside -= 1;
      else next();
    },
  };
}
