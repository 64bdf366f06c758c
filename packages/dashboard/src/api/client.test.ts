import { expect, test, vi } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ServerClock } from "../live/clock.ts";
import { Api, ApiError } from "./client.ts";

const me = { id: "u_1", name: "a", role: "admin", csrf: "token-1", server_time_ms: 5_000 };

function setup(...answers: (Response | Error)[]) {
  const clock = new FakeClock(1_000);
  const serverClock = new ServerClock(clock);
  const requests: { url: string; init: RequestInit }[] = [];
  const onSignedOut = vi.fn();
  const api = new Api({
    fetch: (url, init) => {
      requests.push({ url: String(url), init: init ?? {} });
      const answer = answers.shift();
      return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new Error("no answer prepared"));
    },
    clock,
    serverClock,
    onSignedOut,
    onRoundTrip: () => {},
  });
  return { api, requests, onSignedOut, serverClock };
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const header = (init: RequestInit, name: string) => new Headers(init.headers).get(name);

test("a write carries the CSRF value of the session, a read does not", async () => {
  const { api, requests, serverClock } = setup(json(me), json({ commands: [] }), json({ commands: [] }));
  await api.login({ name: "a", password: "b" });
  await api.sendCommand({ idempotency_key: "k", targets: ["A"], name: "restart", params: {}, ttl_s: 60 });
  await api.commands({ vmId: "A", limit: 5 });
  expect(header(requests[0]!.init, "x-fleetcast-csrf")).toBeNull();
  expect(header(requests[1]!.init, "x-fleetcast-csrf")).toBe("token-1");
  expect(header(requests[2]!.init, "x-fleetcast-csrf")).toBeNull();
  expect(requests[2]!.url).toBe("/v1/commands?vm_id=A&limit=5");
  expect(serverClock.offsetMs).toBe(4_000);
});

test("a refusal keeps its code; only a lost session signs out, a wrong login does not", async () => {
  const { api, onSignedOut } = setup(json({ code: "wrong_login", detail: "" }, 401), json({ code: "not_logged_in", detail: "" }, 401));
  await expect(api.login({ name: "a", password: "b" })).rejects.toMatchObject({ status: 401, code: "wrong_login" });
  expect(onSignedOut).not.toHaveBeenCalled();
  await expect(api.fleet("all")).rejects.toBeInstanceOf(ApiError);
  expect(onSignedOut).toHaveBeenCalledWith("not_logged_in");
});

test("an outdated CSRF value is renewed and the write tried once more", async () => {
  const stale = () => json({ code: "wrong_csrf", detail: "" }, 403);
  const { api, requests } = setup(stale(), json({ ...me, csrf: "token-2" }), json({ commands: [] }));
  await api.sendCommand({ idempotency_key: "k", targets: ["A"], name: "restart", params: {}, ttl_s: 60 });
  expect(header(requests[2]!.init, "x-fleetcast-csrf")).toBe("token-2");
  expect(requests[2]!.init.body).toBe(requests[0]!.init.body);
  const again = setup(stale(), json(me), stale());
  await expect(again.api.logout()).rejects.toMatchObject({ code: "wrong_csrf" });
});

test("no answer, and an answer that is no JSON, have codes of their own", async () => {
  const { api } = setup(new Error("connection refused"), new Response("<html>"), new Response("<html>", { status: 502 }));
  await expect(api.me()).rejects.toMatchObject({ status: 0, code: "unreachable" });
  await expect(api.me()).rejects.toMatchObject({ code: "bad_answer" });
  await expect(api.me()).rejects.toMatchObject({ status: 502, code: "http_502" });
});

test("ids are escaped into the path and empty filters are left out", async () => {
  const { api, requests } = setup(json({}), json({ events: [], next_before_ms: null }));
  await api.machine("a/../b");
  await api.events({ vmId: undefined, type: "shake", limit: 5 });
  expect(requests[0]!.url).toBe("/v1/machines/a%2F..%2Fb");
  expect(requests[1]!.url).toBe("/v1/events?type=shake&limit=5");
});
