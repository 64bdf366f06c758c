import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../testing/hand-clock.ts";
import { memoryRevocations } from "../testing/memory-revocations.ts";
import { createSessions, sessionCookieName, sessionIdOf } from "./sessions.ts";
import type { User } from "./user.ts";

const hourMs = 3_600_000;

function world(sessionKey = new TextEncoder().encode("session key of the tests")) {
  const clock = handClock(Date.UTC(2026, 0, 26));
  const anna: User = { id: "u_AAAAAAAAAA", name: "anna", role: "viewer", generation: 1 };
  const users = new Map([[anna.id, anna]]);
  const revocations = memoryRevocations(clock);
  const sessions = createSessions({ sessionKey, ttlMs: 12 * hourMs, users: { byId: (id) => users.get(id) }, revocations, clock });
  const cookieOf = (setCookie: string) => setCookie.split(";")[0]!;
  return { clock, anna, users, revocations, sessions, cookieOf };
}

test("[S14] the cookie is HttpOnly, strict, for all paths, Secure under TLS, and is read back", () => {
  const { sessions, anna, cookieOf } = world();
  const session = sessions.start(anna);
  const plain = sessions.setCookie(session, false);
  assert.match(plain, /^fleetcast_session=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  assert.match(sessions.setCookie(session, true), /; Secure$/);
  assert.match(sessions.clearCookie(false), /^fleetcast_session=; Path=\/; Max-Age=0; /);
  assert.deepEqual(sessions.read(`a=b; ${cookieOf(plain)}; c=d`), session);
});

test("[S14] a cookie with any bit changed, cut, extended or signed with another key is no session", () => {
  const { sessions, anna, cookieOf } = world();
  const cookie = cookieOf(sessions.setCookie(sessions.start(anna), false));
  const value = cookie.slice(sessionCookieName.length + 1);
  for (let at = 0; at < value.length; at += 1) {
    for (const letter of ["A", "B", "-", ".", "="]) {
      if (value[at] === letter) continue;
      const forged = value.slice(0, at) + letter + value.slice(at + 1);
      assert.equal(sessions.read(`${sessionCookieName}=${forged}`), undefined, forged);
    }
    assert.equal(sessions.read(`${sessionCookieName}=${value.slice(0, at)}`), undefined);
  }
  assert.equal(sessions.read(`${cookie}A`), undefined);
  const other = world(new TextEncoder().encode("another key"));
  assert.equal(other.sessions.read(cookie), undefined);
  for (const header of [null, "", ";", "fleetcast_session", "fleetcast_session=", "x_fleetcast_session=1"])
    assert.equal(sessions.read(header), undefined);
});

test("[S14] a neighbour's cookie of the same name in front does not sign anybody out", () => {
  const { sessions, anna, cookieOf } = world();
  const session = sessions.start(anna);
  const cookie = cookieOf(sessions.setCookie(session, false));
  assert.deepEqual(sessions.read(`${sessionCookieName}=junk; ${cookie}`), session);
  assert.equal(sessions.read(`${`${sessionCookieName}=junk; `.repeat(9)}${cookie}`), undefined);
});

test("[A1] a session ends with its time, a new generation, the user, or a sign-out; a renewed one shares its end", async () => {
  const { clock, sessions, anna, users, cookieOf } = world();
  const session = sessions.start(anna);
  const cookie = cookieOf(sessions.setCookie(session, false));
  users.set(anna.id, { ...anna, generation: 2 });
  assert.equal(sessions.read(cookie), undefined);
  users.delete(anna.id);
  assert.equal(sessions.read(cookie), undefined);
  users.set(anna.id, anna);

  assert.equal(sessions.renewed(session), undefined);
  clock.advance(6 * hourMs);
  const renewed = sessions.renewed(session)!;
  assert.equal(renewed.csrf, session.csrf);
  const renewedCookie = cookieOf(sessions.setCookie(renewed, false));
  clock.advance(6 * hourMs);
  assert.equal(sessions.read(cookie), undefined);
  assert.deepEqual(sessions.read(renewedCookie), renewed);
  await sessions.end(renewed);
  assert.equal(sessions.read(renewedCookie), undefined);
});

test("[H13] the CSRF value is the session's own", () => {
  const { sessions, anna } = world();
  const [mine, other] = [sessions.start(anna), sessions.start(anna)];
  assert.notEqual(mine.csrf, other.csrf);
  assert.equal(sessions.csrfMatches(mine, mine.csrf), true);
  for (const wrong of [null, "", other.csrf, `${mine.csrf}x`, mine.csrf.slice(1)]) assert.equal(sessions.csrfMatches(mine, wrong), false);
});

test("[ADM3] a sign-out is a revocation, so that it holds over a restart; the id in the store does not open the session", async () => {
  const { sessions, revocations, anna, cookieOf } = world();
  const [mine, other] = [sessions.start(anna), sessions.start(anna)];
  await sessions.end(mine);
  assert.deepEqual(
    revocations.all().map(({ what, subject, by }) => `${what} ${subject} ${by}`),
    [`session ${sessionIdOf(mine)} ${anna.id}`],
  );
  assert.equal(sessionIdOf(mine).includes(mine.csrf), false);
  assert.equal(sessions.read(cookieOf(sessions.setCookie(mine, false))), undefined);
  assert.notEqual(sessions.read(cookieOf(sessions.setCookie(other, false))), undefined);
});

test("[ADM2] a blocked user has no session until they are let in again", async () => {
  const { sessions, revocations, anna, cookieOf } = world();
  const cookie = cookieOf(sessions.setCookie(sessions.start(anna), false));
  await revocations.put({ what: "user", subject: anna.id, beforeS: null, untilMs: null, by: "cli", reason: "" }, []);
  assert.equal(sessions.read(cookie), undefined);
});
