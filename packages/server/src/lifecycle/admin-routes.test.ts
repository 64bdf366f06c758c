import assert from "node:assert/strict";
import { test } from "node:test";
import type { Audit, Deed } from "../administration/audit.ts";
import type { Desk } from "../administration/desk.ts";
import type { MachineAuth } from "../auth/machines.ts";
import type { Users } from "../auth/users/users.ts";
import { adminKey, adminPaths, createAdminRoutes } from "./admin-routes.ts";

const secrets = { metaKey: "a key of this data folder", sessionKey: "another" };
const users = {
  byName: (name: string) => (name === "ann" ? { id: "u_1" } : undefined),
  createUser: async ({ name }: { name: string }) => ({ id: `u_${name}` }),
  setPassword: async () => ({}),
} as unknown as Users;
const machines = { addMachine: async (vmId: string) => `secret of ${vmId}` } as unknown as MachineAuth;
const http = {
  address: "",
  port: 1,
  internalAddress: "",
  internalPort: 0,
  tlsInFront: false,
  tls: undefined,
  tlsExternal: false,
  internalTls: undefined,
  hsts: true,
};
const noted: Deed[] = [];
const audit: Audit = { note: async (deed) => void noted.push(deed) };
const asked: unknown[] = [];
const desk: Desk = {
  shutOut: async (request, actor) => void asked.push({ ...request, ...actor }),
  letIn: async (_what, subject) => subject === "u_1",
};
const routes = createAdminRoutes({ users, machines, desk, audit, config: { http, secrets } });

async function call(path: string, body: unknown, options: { key?: string; from?: string } = {}) {
  const request = new Request(`http://x${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${options.key ?? adminKey(secrets)}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const peer = { remoteAddress: options.from ?? "127.0.0.1", rest: "", secure: false };
  const answer = await routes.find((route) => route.path === path)!.handle(request, peer);
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

test("whoever can read the data folder may add machines and users, and gets what is shown once", async () => {
  assert.deepEqual(await call(adminPaths.machines, { vm_id: "VM-1" }), { status: 200, body: { secret: "secret of VM-1" } });
  const made = await call(adminPaths.users, { name: "bob", role: "viewer" });
  assert.equal(made.status, 200);
  assert.ok(made.body["password"]!.length >= 20);
  assert.equal((await call(adminPaths.passwords, { name: "ann" })).status, 200);
});

test("[A3] a wrong key, an empty key, or another machine's address is 401 and changes nothing", async () => {
  for (const options of [{ key: "wrong" }, { key: "" }, { key: `${adminKey(secrets)}x` }, { from: "10.0.0.9" }, { from: "" }]) {
    assert.deepEqual(await call(adminPaths.machines, { vm_id: "VM-1" }, options), { status: 401, body: {} }, JSON.stringify(options));
  }
});

test("bad bodies are 400 with a stable word", async () => {
  assert.equal((await call(adminPaths.users, "[1]")).body["code"], "not_json");
  assert.equal((await call(adminPaths.users, "{")).body["code"], "not_json");
  assert.equal((await call(adminPaths.users, { name: "bob", role: "king" })).body["code"], "bad_role");
  assert.equal((await call(adminPaths.passwords, { name: "nobody" })).body["code"], "no_such_user");
});

test("[ADM8] the command line shuts out a user of ours by name, anybody else by the subject itself, and the audit says cli", async () => {
  const shutOut = await call(adminPaths.shutOut, { what: "user", subject: "ann", until_ms: 5, reason: "left" });
  assert.deepEqual(shutOut, { status: 200, body: { subject: "u_1" } });
  assert.deepEqual(asked.at(-1), { what: "user", subject: "u_1", beforeS: undefined, untilMs: 5, reason: "left", actor: "cli" });
  assert.equal((await call(adminPaths.shutOut, { what: "tokens", subject: "backend-7" })).body["subject"], "backend-7");
  assert.equal((await call(adminPaths.letIn, { what: "user", subject: "ann" })).status, 200);
  assert.equal((await call(adminPaths.letIn, { what: "user", subject: "nobody" })).body["code"], "not_shut_out");
  assert.equal((await call(adminPaths.shutOut, { what: "session", subject: "s_1" })).body["code"], "bad_kind");
  assert.ok(noted.every(({ actor }) => actor === "cli"));
});
