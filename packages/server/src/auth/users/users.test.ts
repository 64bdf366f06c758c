import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock, quietLog } from "../testing/hand-clock.ts";
import { memoryTables } from "../testing/memory-tables.ts";
import { UserRefusal } from "./user.ts";
import { loadUsers, type PasswordHasher } from "./users.ts";

/** Hashing itself is the runtime's; what matters here is what is hashed and when. */
const plainHasher: PasswordHasher = {
  hash: async (password) => `hash of ${password}`,
  verify: async (password, hash) => hash === `hash of ${password}`,
};

async function users(start: Parameters<typeof memoryTables>[0] = {}) {
  const tables = memoryTables(start);
  return { tables, users: await loadUsers({ journal: tables.journal, hasher: plainHasher, clock: handClock(0), log: quietLog }) };
}

const refusal = (code: UserRefusal["code"]) => (error: unknown) => error instanceof UserRefusal && error.code === code;

test("a new user gets an id of our form, is found by any spelling of the name, and is in the journal with a hash only", async () => {
  const { tables, users: table } = await users();
  const user = await table.createUser({ name: " Li Na ", role: "operator", password: "long enough" });
  assert.match(user.id, /^u_[A-Za-z0-9]{10}$/);
  assert.deepEqual(table.byId(user.id), { id: user.id, name: "Li Na", role: "operator", generation: 1 });
  assert.equal(table.byName("LI NA")?.id, user.id);
  assert.equal(table.byName("ｌｉ ｎａ")?.id, user.id);
  assert.deepEqual(tables.records, [{ kind: "user", ...user, passwordHash: "hash of long enough" }]);
});

test("names are taken once, also by two at the same time, and must be printable; passwords have a length", async () => {
  const { users: table } = await users();
  const make = (name: string, password = "long enough") => table.createUser({ name, role: "viewer", password });
  const both = await Promise.allSettled([make("anna"), make("Anna")]);
  assert.deepEqual(both.map((each) => each.status).sort(), ["fulfilled", "rejected"]);
  await assert.rejects(make("ANNA"), refusal("name_taken"));
  for (const name of ["", "  ", "a\nb", "a\u202eb", "x".repeat(65)])
    await assert.rejects(make(name), refusal("bad_name"), JSON.stringify(name));
  for (const password of ["", "1234567", "x".repeat(257)]) await assert.rejects(make("bert", password), refusal("bad_password"));
  await make("bert");
});

test("[A1] a new password or role counts the generation up, once each, and tells the listener after the commit", async () => {
  const { tables, users: table } = await users();
  const { id } = await table.createUser({ name: "anna", role: "viewer", password: "long enough" });
  const revoked: string[] = [];
  table.onRevoked((userId) => revoked.push(`${userId} ${tables.records.length}`));
  await Promise.all([table.setPassword(id, "another one"), table.setRole(id, "developer")]);
  assert.equal(table.byId(id)?.generation, 3);
  assert.equal(table.byId(id)?.role, "developer");
  assert.equal(table.passwordHash(id), "hash of another one");
  assert.deepEqual(revoked, [`${id} 2`, `${id} 3`]);
  await assert.rejects(table.setRole("u_nobody0000", "viewer"), refusal("no_such_user"));
});

test("what the store refuses does not happen, and the next change does", async () => {
  const { tables, users: table } = await users();
  const { id } = await table.createUser({ name: "anna", role: "viewer", password: "long enough" });
  tables.refuseNext = true;
  await assert.rejects(table.setRole(id, "admin"));
  assert.equal(table.byId(id)?.role, "viewer");
  await table.setRole(id, "operator");
  assert.equal(table.byId(id)?.role, "operator");
  tables.refuseNext = true;
  await assert.rejects(table.createUser({ name: "bert", role: "viewer", password: "long enough" }));
  assert.equal(table.byName("bert"), undefined);
  await table.createUser({ name: "bert", role: "viewer", password: "long enough" });
});

test("stored users are there after a start; one with an unknown role is not", async () => {
  const row = { name: "anna", passwordHash: "h", generation: 7 };
  const { users: table } = await users({
    users: [
      { id: "u_AAAAAAAAAA", role: "admin", ...row },
      { id: "u_BBBBBBBBBB", role: "root", ...row, name: "bert" },
    ],
  });
  assert.deepEqual(table.all(), [{ id: "u_AAAAAAAAAA", name: "anna", role: "admin", generation: 7 }]);
});
