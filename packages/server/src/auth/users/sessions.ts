import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "@fleetcast/engine";
import type { Revocations } from "../revocations/revocations.ts";
import type { SigningKey } from "../tokens/hmac-jws.ts";
import type { User } from "./user.ts";
import type { Users } from "./users.ts";

export const sessionCookieName = "fleetcast_session";
export const csrfHeaderName = "X-Fleetcast-CSRF";

export interface Session {
  readonly user: User;
  /** Also the session's identity: a renewed cookie keeps it. */
  readonly csrf: string;
  readonly startedMs: number;
  readonly expiresMs: number;
}

export interface Sessions {
  start(user: User): Session;
  /** The session of a `Cookie` header: signed by us, not over, its user's generation unchanged. */
  read(cookieHeader: string | null): Session | undefined;
  /** The same session with a later end once half its time is over, else undefined. */
  renewed(session: Session): Session | undefined;
  /** Ends this one session at once, also after a restart, and every token and connection that it opened. Resolves when stored. */
  end(session: Session, also?: Parameters<Revocations["put"]>[1]): Promise<void>;
  /** Constant time. */
  csrfMatches(session: Session, header: string | null): boolean;
  setCookie(session: Session, secure: boolean): string;
  clearCookie(secure: boolean): string;
}

/** Cookies of one name a request may bring (a neighbour on a shared domain can add some); the rest is not looked at. */
const candidatesMax = 4;
const nonceBytes = 18;

/** Names a session where its secret must not stand: as `jti` of its tokens, in the store. */
export function sessionIdOf({ csrf }: Pick<Session, "csrf">): string {
  return `s_${createHash("sha256").update(`fleetcast session id 1\n${csrf}`).digest("base64url").slice(0, 22)}`;
}

/**
 * The cookie holds user id, generation, start, end and nonce under our signature; only ended and blocked ones are stored on this
 * side, among the revocations.
 * @throws RangeError for an empty key
 */
export function createSessions(ports: {
  readonly sessionKey: SigningKey;
  readonly ttlMs: number;
  readonly users: Pick<Users, "byId">;
  readonly revocations: Pick<Revocations, "isBlocked" | "isSessionEnded" | "put">;
  readonly clock: Pick<Clock, "wallMs">;
}): Sessions {
  const { sessionKey, ttlMs, users, revocations, clock } = ports;
  if (sessionKey.length === 0) throw new RangeError("the session key is empty");

  const signatureOf = (text: string) => createHmac("sha256", sessionKey).update(`fleetcast session 1\n${text}`).digest("base64url");

  function open(value: string): Session | undefined {
    const dot = value.indexOf(".");
    if (dot < 0) return undefined;
    const text = value.slice(0, dot);
    if (!sameText(value.slice(dot + 1), signatureOf(text))) return undefined;
    const [id, generation, startedMs, expiresMs, csrf] = Buffer.from(text, "base64url").toString("utf8").split(" ");
    const user = users.byId(id ?? "");
    if (user === undefined || csrf === undefined || String(user.generation) !== generation) return undefined;
    if (Number(expiresMs) <= clock.wallMs()) return undefined;
    if (revocations.isBlocked(user.id) || revocations.isSessionEnded(sessionIdOf({ csrf }))) return undefined;
    return { user, csrf, startedMs: Number(startedMs), expiresMs: Number(expiresMs) };
  }

  function cookie(value: string, maxAgeS: number, secure: boolean): string {
    return `${sessionCookieName}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  }

  return {
    start(user) {
      const nowMs = clock.wallMs();
      return { user, csrf: randomBytes(nonceBytes).toString("base64url"), startedMs: nowMs, expiresMs: nowMs + ttlMs };
    },
    read(cookieHeader) {
      for (const value of cookieValues(cookieHeader ?? "")) {
        const session = open(value);
        if (session !== undefined) return session;
      }
      return undefined;
    },
    renewed(session) {
      const nowMs = clock.wallMs();
      return session.expiresMs - nowMs > ttlMs / 2 ? undefined : { ...session, expiresMs: nowMs + ttlMs };
    },
    end(session, also = []) {
      // An older cookie of the session cannot live longer than this either.
      const untilMs = clock.wallMs() + ttlMs;
      const by = session.user.id;
      return revocations.put({ what: "session", subject: sessionIdOf(session), beforeS: null, untilMs, by, reason: "signed out" }, also);
    },
    csrfMatches: (session, header) => header !== null && sameText(header, session.csrf),
    setCookie(session, secure) {
      const { user, startedMs, expiresMs, csrf } = session;
      const text = Buffer.from(`${user.id} ${user.generation} ${startedMs} ${expiresMs} ${csrf}`).toString("base64url");
      return cookie(`${text}.${signatureOf(text)}`, Math.max(0, Math.floor((expiresMs - clock.wallMs()) / 1_000)), secure);
    },
    clearCookie: (secure) => cookie("", 0, secure),
  };
}

function cookieValues(header: string): string[] {
  return header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${sessionCookieName}=`))
    .slice(0, candidatesMax)
    .map((pair) => pair.slice(sessionCookieName.length + 1));
}

function sameText(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
