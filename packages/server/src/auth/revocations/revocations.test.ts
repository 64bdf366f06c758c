import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionIdentity } from "@fleetcast/engine";
import { handClock, quietLog } from "../testing/hand-clock.ts";
import { memoryTables } from "../testing/memory-tables.ts";
import { cut } from "./cut.ts";
import { createRevocations, type Revocation } from "./revocations.ts";

const nowMs = Date.UTC(2026, 0, 26);
const nowS = nowMs / 1_000;
const asked = (changes: Partial<Revocation>): Revocation => ({
  what: "user",
  subject: "bob",
  beforeS: null,
  untilMs: null,
  by: "cli",
  reason: "",
  ...changes,
});

function world() {
  const clock = handClock(nowMs);
  const tables = memoryTables();
  return { clock, tables, revocations: createRevocations([], { journal: tables.journal, clock }) };
}

const connection = (changes: Partial<ConnectionIdentity>): ConnectionIdentity => ({
  user: "bob",
  client: "c",
  tokenId: undefined,
  issuedAtS: undefined,
  hasToken: true,
  ...changes,
});

test("[ADM1] listeners cut before the store has it, and it holds from that moment on", async () => {
  const { revocations, tables } = world();
  const heard: string[] = [];
  revocations.onRevoked(({ subject }) => heard.push(`${subject} ${revocations.isBlocked("bob")} ${tables.records.length}`));
  await revocations.put(asked({}), []);
  assert.deepEqual(heard, ["bob true 0"]);
  assert.equal(tables.records.length, 1);
});

test("[ADM5] what the store refuses does not hold, and what stood before does again", async () => {
  const { revocations, tables } = world();
  tables.refuseNext = true;
  await assert.rejects(revocations.put(asked({}), []));
  assert.equal(revocations.isBlocked("bob"), false);
  await revocations.put(asked({ untilMs: nowMs + 5 }), []);
  tables.refuseNext = true;
  await assert.rejects(revocations.put(asked({ untilMs: null }), []));
  assert.deepEqual(
    revocations.all().map(({ untilMs }) => untilMs),
    [nowMs + 5],
  );
});

test("[ADM2] a block ends with its time, or when it is taken back", async () => {
  const { revocations, clock } = world();
  await revocations.put(asked({ untilMs: nowMs + 1_000 }), []);
  assert.equal(revocations.disconnectOf(connection({}))?.code, 3507);
  assert.equal(revocations.disconnectOf(connection({ user: "eve" })), undefined);
  clock.advance(1_000);
  assert.equal(revocations.disconnectOf(connection({})), undefined);
  assert.deepEqual(revocations.all(), []);
  await revocations.put(asked({}), []);
  assert.equal(await revocations.end("user", "bob", []), true);
  assert.equal(await revocations.end("user", "bob", []), false);
  assert.equal(revocations.isBlocked("bob"), false);
});

test("[ADM4] a token is revoked by its id, or with all of its user's issued before a moment; one without iat is among them", async () => {
  const { revocations } = world();
  await revocations.put(asked({ what: "token", subject: "j1" }), []);
  await revocations.put(asked({ what: "tokens", beforeS: nowS }), []);
  const isRevoked = (tokenId?: string, issuedAtS?: number, user = "bob") => revocations.isTokenRevoked({ user, tokenId, issuedAtS });
  assert.equal(isRevoked("j1", nowS + 1), true);
  assert.equal(isRevoked("j2", nowS), false);
  assert.equal(isRevoked("j2", nowS - 1), true);
  assert.equal(isRevoked("j2"), true);
  assert.equal(isRevoked("j2", undefined, "eve"), false);
  // Nobody's token: a connect proxy or a header vouched for it.
  assert.equal(revocations.disconnectOf(connection({ hasToken: false })), undefined);
  assert.equal(revocations.disconnectOf(connection({ issuedAtS: nowS - 1 }))?.code, 3500);
});

test("[ADM1] each kind cuts what it means: a user, a token, a user's old tokens, a login, a machine", () => {
  const identities = {
    user: connection({ issuedAtS: nowS }),
    old: connection({ issuedAtS: nowS - 5 }),
    byProxy: connection({ hasToken: false }),
    token: connection({ user: "eve", tokenId: "j1", issuedAtS: nowS }),
  };
  const cutBy = (revocation: Revocation) => {
    const ended: string[] = [];
    const push = {
      disconnect: async () => {},
      cut: (isMeant: (identity: ConnectionIdentity) => boolean, { code }: { code: number }) => {
        for (const [name, identity] of Object.entries(identities)) if (isMeant(identity)) ended.push(`${name} ${code}`);
        return ended.length;
      },
    };
    cut(revocation, { push, disconnectMachine: (vmId) => void ended.push(`machine ${vmId}`), log: quietLog });
    return ended;
  };
  assert.deepEqual(cutBy(asked({})), ["user 3507", "old 3507", "byProxy 3507"]);
  assert.deepEqual(cutBy(asked({ what: "tokens", beforeS: nowS })), ["old 3500"]);
  assert.deepEqual(cutBy(asked({ what: "token", subject: "j1" })), ["token 3500"]);
  assert.deepEqual(cutBy(asked({ what: "session", subject: "j1" })), ["token 3500"]);
  assert.deepEqual(cutBy(asked({ what: "machine", subject: "VM-1" })), ["machine VM-1"]);
});

test("[ADM6] a real Centrifugo ends a blocked user's connections for good, and lets the others of an ended login come back", () => {
  const told = (revocation: Revocation) => {
    const calls: unknown[] = [];
    const disconnect = async (...call: unknown[]) => void calls.push(call);
    cut(revocation, { push: { disconnect }, disconnectMachine: () => {}, log: quietLog });
    return calls;
  };
  assert.deepEqual(told(asked({})), [[{ user: "bob" }, { code: 3507, reason: "permission denied" }]]);
  assert.deepEqual(told(asked({ what: "session", subject: "s_1", by: "u_1" })), [
    [{ user: "u_1" }, { code: 3011, reason: "force reconnect" }],
  ]);
  assert.deepEqual(told(asked({ what: "token", subject: "j1" })), []);
});
