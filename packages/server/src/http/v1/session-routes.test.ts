import assert from "node:assert/strict";
import { test } from "node:test";
import { password, v1Config, v1Rig } from "./testing/rig.ts";

test("[H13] signing in answers Me and a cookie; me, and signing out, which ends the session itself", async () => {
  const rig = await v1Rig();
  const user = await rig.users.createUser({ name: "李娜", role: "operator", password });
  const login = await rig.call("POST", "/v1/session", { body: { name: "李娜", password } });
  assert.equal(login.status, 200);
  const { csrf, ...me } = login.json;
  assert.deepEqual(me, { id: user.id, name: "李娜", role: "operator", server_time_ms: rig.clock.wallMs() });
  const setCookie = login.response.headers.get("set-cookie")!;
  assert.match(setCookie, /HttpOnly; SameSite=Strict$/);
  assert.equal(login.response.headers.get("cache-control"), "no-store");

  const cookie = setCookie.split(";")[0]!;
  assert.deepEqual((await rig.call("GET", "/v1/me", { cookie })).json, login.json);
  const out = await rig.call("DELETE", "/v1/session", { cookie, csrf });
  assert.equal(out.status, 204);
  assert.match(out.response.headers.get("set-cookie")!, /^fleetcast_session=; Path=\/; Max-Age=0/);
  assert.deepEqual((await rig.call("GET", "/v1/me", { cookie })).json.code, "not_logged_in");
});

test("[H13] a wrong password and an unknown name get one same answer", async () => {
  const rig = await v1Rig();
  await rig.users.createUser({ name: "anna", role: "viewer", password });
  const answers = [];
  for (const name of ["anna", "nobody"]) {
    const { status, json, response } = await rig.call("POST", "/v1/session", { body: { name, password: "wrong" } });
    answers.push({ status, json, headers: [...response.headers] });
  }
  assert.equal(answers[0]!.status, 401);
  assert.equal(answers[0]!.json.code, "wrong_login");
  assert.deepEqual(answers[0], answers[1]);
});

test("[H13] too many logins are 429 with the seconds to wait, the right password too", async () => {
  const rig = await v1Rig();
  await rig.users.createUser({ name: "anna", role: "viewer", password });
  for (let count = 0; count < 5; count += 1) await rig.call("POST", "/v1/session", { body: { name: "anna", password: "wrong" } });
  const { status, json, response } = await rig.call("POST", "/v1/session", { body: { name: "anna", password } });
  assert.equal(status, 429);
  assert.equal(json.code, "too_many_logins");
  assert.equal(response.headers.get("retry-after"), "1");
  rig.clock.advance(1_000);
  assert.equal((await rig.call("POST", "/v1/session", { body: { name: "anna", password } })).status, 200);
});

test("[S14] the login takes JSON only, strictly, and up to its limit", async () => {
  const rig = await v1Rig();
  const post = async (body: unknown, headers: Record<string, string> = {}) => {
    const { status, json } = await rig.call("POST", "/v1/session", { body, headers });
    return `${status} ${json.code} ${json.field ?? ""}`.trim();
  };
  const good = { name: "a", password };
  assert.equal(await post(good, { "content-type": "text/plain" }), "400 not_json");
  assert.equal(await post("name=a", { "content-type": "application/x-www-form-urlencoded" }), "400 not_json");
  assert.equal(await post(good, { "content-type": "application/jsonp" }), "400 not_json");
  assert.equal(await post(good, { "content-type": "Application/JSON; charset=utf-8" }), "401 wrong_login");
  for (const body of ["", "{", "nul", `{"name":"a"} x`, "[".repeat(4_000)])
    assert.equal(await post(body), "400 not_json", body.slice(0, 9));
  assert.equal(await post("null"), "400 bad_request");
  assert.equal(await post("[]"), "400 bad_request");
  assert.equal(await post({ name: "a" }), "400 bad_request password");
  assert.equal(await post({ name: 1, password }), "400 bad_request name");
  assert.equal(await post({ ...good, admin: true }), "400 bad_request admin");
  assert.equal(await post(`{"name":"a","password":"p","__proto__":{"x":1}}`), "400 bad_request __proto__");
  assert.equal(await post({ name: "a", password: "x".repeat(257) }), "400 bad_request password");
  assert.equal(await post({ name: "a".repeat(5_000), password }), "413 too_large");
});

test("[S14] the cookie is Secure under TLS, ours or in front", async () => {
  const rig = await v1Rig();
  await rig.users.createUser({ name: "anna", role: "viewer", password });
  const secure = await rig.call("POST", "/v1/session", { body: { name: "anna", password }, peer: { secure: true } });
  assert.match(secure.response.headers.get("set-cookie")!, /; Secure$/);
  const behind = await v1Rig(v1Config({ http: { tlsInFront: true } }));
  await behind.users.createUser({ name: "anna", role: "viewer", password });
  const front = await behind.call("POST", "/v1/session", { body: { name: "anna", password } });
  assert.match(front.response.headers.get("set-cookie")!, /; Secure$/);
});

test("[D51] a forwarded address counts only behind the stated proxy on this machine", async () => {
  const guess = async (rig: Awaited<ReturnType<typeof v1Rig>>, count: number, remoteAddress: string) => {
    const headers = { "x-forwarded-for": `10.0.0.1, 203.0.113.${count}` };
    return (await rig.call("POST", "/v1/session", { body: { name: `n${count}`, password: "x" }, headers, peer: { remoteAddress } })).status;
  };
  const direct = await v1Rig();
  const stated = await v1Rig(v1Config({ http: { tlsInFront: true } }));
  const outcomes = { direct: [] as number[], stated: [] as number[], foreign: [] as number[] };
  for (let count = 0; count < 25; count += 1) {
    outcomes.direct.push(await guess(direct, count, "127.0.0.1"));
    outcomes.stated.push(await guess(stated, count, "127.0.0.1"));
    outcomes.foreign.push(await guess(stated, count + 100, "192.0.2.9"));
  }
  assert.equal(outcomes.direct.filter((status) => status === 429).length, 5);
  assert.equal(outcomes.stated.filter((status) => status === 429).length, 0);
  assert.equal(outcomes.foreign.filter((status) => status === 429).length, 5);
});

test("a session used in its second half is renewed under the same CSRF value", async () => {
  const rig = await v1Rig();
  const { cookie, csrf } = await rig.signIn("viewer");
  assert.equal((await rig.call("GET", "/v1/me", { cookie })).response.headers.get("set-cookie"), null);
  rig.clock.advance(2_000_000);
  const renewed = await rig.call("GET", "/v1/me", { cookie });
  const next = renewed.response.headers.get("set-cookie")!.split(";")[0]!;
  assert.equal(renewed.json.csrf, csrf);
  rig.clock.advance(2_000_000);
  assert.equal((await rig.call("GET", "/v1/me", { cookie })).status, 401);
  assert.equal((await rig.call("GET", "/v1/me", { cookie: next })).status, 200);
});

test("[A5] neither passwords nor cookies reach the log", async () => {
  const rig = await v1Rig();
  const { cookie } = await rig.signIn("admin");
  await rig.call("POST", "/v1/session", { body: { name: "admin", password: "a wrong secret" } });
  const log = rig.logged.join("\n");
  assert.ok(log.includes("signed in"));
  for (const secret of [password, "a wrong secret", cookie.split("=")[1]!]) assert.ok(!log.includes(secret));
});
