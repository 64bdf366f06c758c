import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { ConnectAttempt } from "@fleetcast/mqtt";
import { BadMachineId, createMachineAuth } from "./machines.ts";
import { handClock, quietLog } from "./testing/hand-clock.ts";
import { memoryTables } from "./testing/memory-tables.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (text: string) => new Uint8Array(createHash("sha256").update(text).digest());

/** VM-1 has the secret "one"; VM-2 is known and has none. */
async function machineAuth(
  changes: {
    openOnLoopback?: boolean;
    autoRegister?: boolean;
    knows?: (vmId: string) => boolean;
    isBlocked?: (vmId: string) => boolean;
  } = {},
) {
  const tables = memoryTables({
    machines: [
      { vmId: "VM-1", secretSha256: sha256("one") },
      { vmId: "VM-2", secretSha256: null },
    ],
  });
  const auth = await createMachineAuth({
    journal: tables.journal,
    openOnLoopback: true,
    autoRegister: true,
    clock: handClock(0),
    log: quietLog,
    ...changes,
  });
  const attempt = async (username: string | undefined, password?: string, more: Partial<ConnectAttempt> = {}) => {
    const verdict = await auth.authenticate({
      clientId: "any",
      username,
      password: password === undefined ? undefined : bytes(password),
      remoteAddress: "127.0.0.1",
      loopback: true,
      ...more,
    });
    return verdict.ok ? verdict.vmId : verdict.code;
  };
  return { auth, tables, attempt };
}

test("[S2] a machine with a credential must present it, on loopback too", async () => {
  const { attempt } = await machineAuth();
  assert.equal(await attempt("VM-1", "one"), "VM-1");
  for (const wrong of [undefined, "", "One", "one ", "onee"]) assert.equal(await attempt("VM-1", wrong), 4);
  assert.equal(await attempt("VM-1", "one", { loopback: false }), "VM-1");
});

test("a machine without a credential passes by its name on a loopback listener only", async () => {
  const open = await machineAuth();
  assert.equal(await open.attempt("VM-2"), "VM-2");
  assert.equal(await open.attempt("VM-SH-021"), "VM-SH-021");
  assert.equal(await open.attempt("VM-2", undefined, { loopback: false }), 4);
  assert.equal(await open.attempt("VM-SH-021", undefined, { loopback: false }), 4);
  const closed = await machineAuth({ openOnLoopback: false });
  assert.equal(await closed.attempt("VM-2"), 4);
});

test("without auto_register an unknown machine is refused; one that the fleet learned passes", async () => {
  const { attempt } = await machineAuth({ autoRegister: false, knows: (vmId) => vmId === "VM-3" });
  assert.equal(await attempt("VM-9"), 5);
  assert.equal(await attempt("VM-2"), "VM-2");
  assert.equal(await attempt("VM-3"), "VM-3");
});

test("[M19] user names that are no machine id are bad credentials", async () => {
  const { attempt } = await machineAuth();
  for (const name of [undefined, "", "+", "#", "a/b", "a+", "-a", "_a", "a b", "a\0", "a\n", "售货机", "x".repeat(64)]) {
    assert.equal(await attempt(name, "one"), 4, String(name));
  }
  assert.equal(await attempt("x".repeat(63)), "x".repeat(63));
});

test("[A2] a client id that begins with another machine's id is refused, one's own and a stranger's are not", async () => {
  const { attempt } = await machineAuth({ knows: (vmId) => vmId === "VM-10" });
  const by = (clientId: string) => attempt("VM-2", undefined, { clientId });
  for (const free of ["", "VM-2", "VM-2-main", "VM-2/x", "mosq-Xy12", "VM-3", "VM-100", "VM-1x"])
    assert.equal(await by(free), "VM-2", free);
  for (const foreign of ["VM-1", "VM-1-main", "VM-1_a", "VM-10", "VM-1/"]) assert.equal(await by(foreign), 2, foreign);
  // VM-1 is a beginning of VM-10, but not it.
  assert.equal(await attempt("VM-1", "one", { clientId: "VM-10" }), 2);
});

test("[A5] addMachine: a secret of 192 bits, kept only as its hash, the one before stops working", async () => {
  const { auth, tables, attempt } = await machineAuth();
  const changed: string[] = [];
  auth.onCredentialChanged((vmId) => changed.push(vmId));
  assert.equal(auth.hasCredential("VM-2"), false);
  const secret = await auth.addMachine("VM-2");
  assert.equal(Buffer.from(secret, "base64url").length, 24);
  assert.equal(auth.hasCredential("VM-2"), true);
  assert.equal(await attempt("VM-2"), 4);
  assert.equal(await attempt("VM-2", secret), "VM-2");
  assert.deepEqual(tables.records, [{ kind: "machine", vmId: "VM-2", secretSha256: sha256(secret) }]);
  const next = await auth.addMachine("VM-2");
  assert.notEqual(next, secret);
  assert.equal(await attempt("VM-2", secret), 4);
  assert.deepEqual(changed, ["VM-2", "VM-2"]);
  await assert.rejects(auth.addMachine("a/b"), BadMachineId);
});

test("a machine that the store refused gets no credential", async () => {
  const { auth, tables, attempt } = await machineAuth();
  tables.refuseNext = true;
  await assert.rejects(auth.addMachine("VM-2"));
  assert.equal(await attempt("VM-2"), "VM-2");
});

test("[A3] a failure inside is a refusal", async () => {
  const { attempt } = await machineAuth({
    knows: () => {
      throw new Error("no table");
    },
  });
  assert.equal(await attempt("VM-9"), 5);
});

test("[TLS13] a certificate's word is enough, where the machine has a password, too; an unknown machine needs auto_register", async () => {
  const { attempt } = await machineAuth();
  const shown = (vmId: string) => ({ certificate: vmId, loopback: false });
  assert.equal(await attempt("VM-1", undefined, shown("VM-1")), "VM-1");
  assert.equal(await attempt("VM-1", "wrong", shown("VM-1")), "VM-1");
  assert.equal(await attempt("VM-SH-777", undefined, shown("VM-SH-777")), "VM-SH-777");
  const closed = await machineAuth({ autoRegister: false });
  assert.equal(await closed.attempt("VM-2", undefined, shown("VM-2")), "VM-2");
  assert.equal(await closed.attempt("VM-SH-777", undefined, shown("VM-SH-777")), 5);
  assert.equal(await closed.attempt("VM-2", undefined, { ...shown("VM-2"), clientId: "VM-1" }), 2, "another machine's session");
});

test("[TLS13] [A1] a blocked machine's certificate opens nothing", async () => {
  const { attempt } = await machineAuth({ isBlocked: (vmId) => vmId === "VM-1" });
  assert.equal(await attempt("VM-1", undefined, { certificate: "VM-1" }), 5);
  assert.equal(await attempt("VM-2", undefined, { certificate: "VM-2" }), "VM-2");
});
