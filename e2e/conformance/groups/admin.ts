import assert from "node:assert/strict";
import type { RawAnswer } from "../harness/raw-http.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const password = "the-password-of-the-admin";

const { group, rule } = conformance({
  name: "admin",
  title: "The admin API",
  about: "Signing in with the one password, and commands under the token that it opens.",
  config: {
    admin: { enabled: true, password, secret: "the-secret-of-the-admin-api" },
    channel: { without_namespace: { presence: true } },
  },
});

const http = { formats: ["http"] } as const;
/** A token is made anew by each server. */
const signed = { ...http, compare: { off: "tokens differ" } } as const;
const form = { "Content-Type": "application/x-www-form-urlencoded" };

const says = (answer: RawAnswer, status: number, body: string | RegExp): void => {
  assert.equal(answer.status, status, answer.body);
  if (typeof body === "string") assert.equal(answer.body, body);
  else assert.match(answer.body, body);
};

const login = (side: Side, text = `password=${password}`, headers: Readonly<Record<string, string>> = form) =>
  side.http({ path: "/admin/auth", headers, body: text });

async function token(side: Side): Promise<string> {
  const answer = await login(side);
  assert.equal(answer.status, 200, answer.body);
  const { token: opened, ...rest } = JSON.parse(answer.body) as { token: string };
  assert.ok(opened.length > 40);
  assert.deepEqual(rest, {});
  return opened;
}

const command = (side: Side, authorization: string | undefined, body = '{"method":"presence_stats","params":{"channel":"a"}}') =>
  side.http({ path: "/admin/api", headers: authorization === undefined ? {} : { Authorization: authorization }, body });

rule("[ADM20.1] init says that nobody is signed in, and which edition it is", http, async (side) => {
  says(await side.http({ method: "GET", path: "/admin/init" }), 200, /^\{"authenticated":false,"edition":"oss","insecure":false\}\s*$/);
});

rule("[ADM20.2] init under a token says that somebody is", signed, async (side) => {
  const headers = { Authorization: `token ${await token(side)}` };
  says(await side.http({ method: "GET", path: "/admin/init", headers }), 200, /"authenticated":true/);
});

rule("[ADM20.3] another scheme than `token` is nobody", signed, async (side) => {
  const headers = { Authorization: `Bearer ${await token(side)}` };
  says(await side.http({ method: "GET", path: "/admin/init", headers }), 200, /"authenticated":false/);
});

rule("[ADM21.1] the password opens a token, and the token the commands of /api, with the scheme in any case", signed, async (side) => {
  const opened = await token(side);
  for (const scheme of ["token", "Token", "TOKEN"]) {
    says(await command(side, `${scheme} ${opened}`), 200, /^\{"result":\{"num_clients":0,"num_users":0\}\}\s*$/);
  }
});

rule("[ADM21.2] no token, a wrong one, another scheme, more words: 401", signed, async (side) => {
  const opened = await token(side);
  for (const authorization of [undefined, "token", "token wrong", `Bearer ${opened}`, `token ${opened} more`, opened]) {
    says(await command(side, authorization), 401, "");
  }
});

rule("[ADM21.3] commands that cannot be read: 400; an unknown channel, an unknown method: as on /api", signed, async (side) => {
  const authorization = `token ${await token(side)}`;
  says(await command(side, authorization, "{"), 400, "Bad Request\n");
  says(await command(side, authorization, '{"method":"nope"}'), 400, "Bad Request\n");
  says(await command(side, authorization, '{"method":"presence","params":{"channel":"none:a"}}'), 200, /"code":102/);
});

rule("[ADM22.1] a wrong password, none, an unreadable form: 400", signed, async (side) => {
  says(await login(side, "password=no"), 400, "Bad Request\n");
  says(await login(side, ""), 400, "Bad Request\n");
  says(await login(side, `{"password":"${password}"}`, { "Content-Type": "application/json" }), 400, "Bad Request\n");
  await token(side);
});

rule("[ADM22.2] only POST signs in and commands: 405", http, async (side) => {
  says(await side.http({ method: "GET", path: "/admin/auth" }), 405, "");
  says(await side.http({ method: "GET", path: "/admin/api" }), 405, "");
});

rule("[ADM22.3] nothing else is below /admin: 404", http, async (side) => {
  for (const path of ["/admin", "/admin/settings", "/admin/nothing"]) {
    says(await side.http({ method: "GET", path }), 404, "404 page not found\n");
  }
});

rule(
  "[ADM23.1] a password in the address opens nothing",
  {
    ...http,
    differs: {
      deviation: "the admin's password in the query of `/admin/auth`",
      real: async (side) => says(await side.http({ path: `/admin/auth?password=${password}`, body: "" }), 200, /"token"/),
    },
  },
  async (side) => says(await side.http({ path: `/admin/auth?password=${password}`, body: "" }), 400, "Bad Request\n"),
);

rule(
  "[ADM22.4] after many wrong passwords of one address: 429, also for the right one",
  { ...http, alone: true, compare: { off: "the tenth wrong password may be the fifth one here, other rules gave some before" } },
  async (side) => {
    let answer = await login(side, "password=no");
    for (let count = 0; count < 12 && answer.status === 400; count += 1) answer = await login(side, "password=no");
    says(answer, 429, "Too Many Requests\n");
    const right = await login(side);
    says(right, 429, "Too Many Requests\n");
  },
);

export default group;
