import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, CommandRequest } from "@fleetcast/protocol";
import { IntakeRig, type RigOptions, withRig } from "../ingest/testing/intake-rig.ts";
import { FleetRefusal } from "./fleet-refusal.ts";

function rule(name: string, run: (rig: IntakeRig) => Promise<void>, options: RigOptions = {}): void {
  test(name, () => withRig(options, run));
}

function request(changes: Partial<CommandRequest> = {}): CommandRequest {
  return { idempotency_key: "k1", targets: ["VM-1"], name: "restart", params: { delay_s: 3 }, ttl_s: 60, ...changes };
}

async function give(rig: IntakeRig, changes: Partial<CommandRequest> = {}): Promise<Command> {
  if (rig.fleet.state.find("VM-1") === undefined) await rig.say("VM-1", "telemetry", "{}");
  const { commands } = await rig.fleet.service.command("u_1", request(changes));
  await rig.stored();
  return commands[0]!;
}

const receipts = (rig: IntakeRig, user = "u_1"): string[] => rig.on(`user_cmd:${user}`).map(({ json }) => String(json["state"]));
const stateOf = async (rig: IntakeRig, cmdId: string): Promise<string> => (await rig.fleet.service.commandById(cmdId))!.state;

rule("a command is stored, sent, confirmed by the machine and done; each step is a receipt", async (rig) => {
  const command = await give(rig);
  assert.equal(command.state, "sent");
  assert.deepEqual(rig.sentCommands, [
    {
      vmId: "VM-1",
      payload: {
        cmd_id: command.cmd_id,
        name: "restart",
        params: { delay_s: 3 },
        expires_at: new Date(rig.clock.wallMs() + 60_000).toISOString(),
      },
    },
  ]);
  for (const state of ["received", "running", "done"])
    await rig.say("VM-1", "cmd/ack", { cmd_id: command.cmd_id, state, detail: `${state}!` });
  assert.deepEqual(receipts(rig), ["queued", "sent", "received", "running", "done"]);
  const last = rig.on("user_cmd:u_1").at(-1)!.json;
  assert.deepEqual(last, {
    cmd_id: command.cmd_id,
    vm_id: "VM-1",
    state: "done",
    ts: new Date(rig.clock.wallMs()).toISOString(),
    detail: "done!",
  });
  assert.equal(await stateOf(rig, command.cmd_id), "done");
});

rule("acknowledgements never go back and never leave an end; repeats are no receipts", async (rig) => {
  const { cmd_id } = await give(rig);
  for (const state of ["running", "received", "running", "failed", "done", "received"]) await rig.say("VM-1", "cmd/ack", { cmd_id, state });
  assert.deepEqual(receipts(rig), ["queued", "sent", "running", "failed"]);
  assert.equal(await stateOf(rig, cmd_id), "failed");
  assert.deepEqual(await rig.deadLetters(), []);
});

rule("only the machine itself confirms: another's acknowledgement, or one for no command, is a dead letter", async (rig) => {
  const { cmd_id } = await give(rig);
  await rig.say("VM-2", "cmd/ack", { cmd_id, state: "done" });
  await rig.say("VM-1", "cmd/ack", { cmd_id: "c_none", state: "done" });
  const reasons = (await rig.deadLetters()).map(({ reason, vmId }) => `${vmId} ${reason.split(":")[0]}`);
  assert.deepEqual(reasons, ["VM-1 unknown_command", "VM-2 unknown_command"]);
  assert.equal(await stateOf(rig, cmd_id), "sent");
});

for (const [name, payload, reason] of [
  ["no cmd_id", '{"state":"done"}', /^schema: cmd_id: required/],
  ["no state", '{"cmd_id":"c"}', /^schema: state: required/],
  ["a state that is not the machine's to say", '{"cmd_id":"c","state":"expired"}', /^schema: state: expected one of received/],
  ["detail as a number", '{"cmd_id":"c","state":"done","detail":3}', /^schema: detail: expected text/],
] as const) {
  rule(`an acknowledgement that does not fit its schema is a dead letter: ${name}`, async (rig) => {
    await rig.say("VM-1", "cmd/ack", payload);
    assert.match((await rig.deadLetters())[0]!.reason, reason);
  });
}

rule("a key makes a command once: repeated, doubled at the same instant, and for several machines", async (rig) => {
  await rig.say("VM-1", "telemetry", "{}");
  await rig.say("VM-2", "telemetry", "{}");
  const targets = ["VM-1", "VM-2", "VM-1"];
  const [one, two] = await Promise.all([1, 2].map(() => rig.fleet.service.command("u_1", request({ targets }))));
  const three = await rig.fleet.service.command("u_1", request({ targets: ["VM-1"], name: "other" }));
  const ids = (list: { commands: readonly Command[] }): string[] => list.commands.map(({ cmd_id }) => cmd_id);
  assert.equal(one!.commands.length, 2);
  assert.deepEqual(ids(two!), ids(one!));
  assert.deepEqual(ids(three), ids(one!));
  assert.equal(rig.sentCommands.length, 2);
  const other = await rig.fleet.service.command("u_2", request());
  assert.notEqual(ids(other)[0], ids(one!)[0], "keys are a user's own");
});

rule("a command that nobody confirms expires", async (rig) => {
  const { cmd_id } = await give(rig, { ttl_s: 30 });
  await rig.pass(29_000);
  assert.equal(await stateOf(rig, cmd_id), "sent");
  await rig.pass(2_000);
  assert.equal(await stateOf(rig, cmd_id), "expired");
  await rig.say("VM-1", "cmd/ack", { cmd_id, state: "done" });
  assert.equal(await stateOf(rig, cmd_id), "expired", "an end is final");
  assert.deepEqual(receipts(rig), ["queued", "sent", "expired"]);
});

rule("a command that was confirmed does not expire with its time, but after a day without a result", async (rig) => {
  const { cmd_id } = await give(rig, { ttl_s: 30 });
  await rig.say("VM-1", "cmd/ack", { cmd_id, state: "received" });
  await rig.pass(60_000);
  assert.equal(await stateOf(rig, cmd_id), "received");
  rig.clock.shiftWall(86_400_000);
  await rig.pass(2_000);
  assert.equal(await stateOf(rig, cmd_id), "expired");
});

rule("a person cancels what no machine has confirmed, and nothing else", async (rig) => {
  const first = await give(rig);
  assert.equal((await rig.fleet.service.cancelCommand("u_1", first.cmd_id))!.state, "cancelled");
  assert.equal(await stateOf(rig, first.cmd_id), "cancelled");
  const second = await give(rig, { idempotency_key: "k2" });
  await rig.say("VM-1", "cmd/ack", { cmd_id: second.cmd_id, state: "received" });
  assert.equal((await rig.fleet.service.cancelCommand("u_1", second.cmd_id))!.state, "received");
  assert.equal((await rig.fleet.service.cancelCommand("u_1", first.cmd_id))!.state, "cancelled", "an end is answered as it is");
  assert.equal(await rig.fleet.service.cancelCommand("u_1", "c_none"), undefined);
});

rule("a broker that is away holds a command queued; it is sent when the broker takes it", async (rig) => {
  rig.brokerAway = true;
  const command = await give(rig);
  assert.equal(command.state, "queued");
  await rig.pass(4_000);
  rig.brokerAway = false;
  await rig.pass(6_000);
  assert.equal(rig.sentCommands.length, 1);
  assert.equal(await stateOf(rig, command.cmd_id), "sent");
  await rig.pass(20_000);
  assert.equal(rig.sentCommands.length, 1, "sent once");
});

rule("what was never confirmed is sent again when its machine comes online", async (rig) => {
  const { cmd_id } = await give(rig, { ttl_s: 3_600 });
  await rig.pass(100_000);
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state, "offline");
  await rig.say("VM-1", "status", { state: "online" });
  await rig.pass(10);
  assert.deepEqual(
    rig.sentCommands.map(({ payload }) => payload["cmd_id"]),
    [cmd_id, cmd_id],
  );
  assert.deepEqual(receipts(rig), ["queued", "sent"]);
});

test("commands live through a restart: sent again while unconfirmed, expired in their time, keys kept", async () => {
  const before = await IntakeRig.open();
  const first = await give(before, { ttl_s: 600 });
  const second = await give(before, { idempotency_key: "k2", ttl_s: 600 });
  const third = await give(before, { idempotency_key: "k3", ttl_s: 600 });
  await before.say("VM-1", "cmd/ack", { cmd_id: second.cmd_id, state: "received" });
  await before.say("VM-1", "cmd/ack", { cmd_id: third.cmd_id, state: "done" });
  const rig = await before.restart();
  try {
    await rig.pass(2_000);
    assert.deepEqual(
      rig.sentCommands.map(({ payload }) => payload["cmd_id"]),
      [first.cmd_id],
    );
    await rig.say("VM-1", "cmd/ack", { cmd_id: third.cmd_id, state: "done" });
    assert.deepEqual(await rig.deadLetters(), [], "a repeated acknowledgement of an ended command is no surprise");
    await rig.say("VM-1", "cmd/ack", { cmd_id: second.cmd_id, state: "done" });
    assert.equal((await give(rig, { ttl_s: 600 })).cmd_id, first.cmd_id);
    await rig.pass(601_000);
    assert.deepEqual(await Promise.all([first, second, third].map(({ cmd_id }) => stateOf(rig, cmd_id))), ["expired", "done", "done"]);
  } finally {
    await rig.remove();
  }
});

rule("an acknowledgement with an identity is judged once", async (rig) => {
  const { cmd_id } = await give(rig);
  const ack = { cmd_id, state: "received", boot: "b", seq: 1 };
  await rig.say("VM-1", "cmd/ack", ack);
  await rig.say("VM-1", "cmd/ack", ack);
  await rig.say("VM-1", "cmd/ack", { ...ack, state: "done" });
  assert.deepEqual(receipts(rig), ["queued", "sent", "received"], "the same identity with another body is a dead letter");
  assert.equal(rig.fleet.commands.get(cmd_id)!.state, "received", "what was judged ahead went back");
  await rig.say("VM-1", "cmd/ack", { cmd_id, state: "done", boot: "b", seq: 2 });
  assert.equal(await stateOf(rig, cmd_id), "done");
});

for (const [field, changes, status] of [
  ["targets", { targets: [] }, 400],
  ["targets", { targets: ["VM-none"] }, 404],
  ["name", { name: "rm -rf" }, 400],
  ["ttl_s", { ttl_s: 0 }, 400],
  ["ttl_s", { ttl_s: 86_401 }, 400],
  ["ttl_s", { ttl_s: 1.5 }, 400],
  ["idempotency_key", { idempotency_key: "" }, 400],
  ["params", { params: { x: "y".repeat(20_000) } }, 400],
] as const) {
  rule(`a request that cannot be is refused by field: ${field} ${JSON.stringify(changes).slice(0, 40)}`, async (rig) => {
    await assert.rejects(give(rig, changes), (error) => error instanceof FleetRefusal && error.status === status && error.field === field);
    assert.deepEqual((await rig.fleet.service.commands({ limit: 10 })).commands, []);
  });
}
