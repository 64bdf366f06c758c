import type { Command, CommandState, Receipt } from "@fleetcast/protocol";
import type { CommandRow, JournalPublication, JournalRecord } from "@fleetcast/storage";
import { type Effects, type HistoryTtl, jsonBytes } from "./effects.ts";

/** A command that is not final, in memory: judged in arrival order, before the commit (L4). */
export interface OpenCommand {
  readonly cmdId: string;
  readonly vmId: string;
  readonly name: string;
  /** JSON, as it goes to the machine. */
  readonly params: Uint8Array;
  readonly userId: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  state: CommandState;
  detail: string | null;
  updatedMs: number;
  /** Monotonic: not handed to the broker before this. */
  sendAfterMs: number;
  sending: boolean;
}

export function openCommandOf(row: CommandRow): OpenCommand {
  const { cmdId, vmId, name, params, userId, createdMs, expiresMs, state, detail, updatedMs } = row;
  return { cmdId, vmId, name, params, userId, createdMs, expiresMs, state, detail, updatedMs, sendAfterMs: 0, sending: false };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What the machine gets: `{"cmd_id","name","params","expires_at"}`. */
export function commandPayload(command: OpenCommand): Uint8Array {
  const head = `{"cmd_id":${JSON.stringify(command.cmdId)},"name":${JSON.stringify(command.name)},"params":`;
  const tail = `,"expires_at":"${new Date(command.expiresMs).toISOString()}"}`;
  return encoder.encode(head + decoder.decode(command.params) + tail);
}

/** A step in the store and the receipt for the person who gave the command: one transaction. */
export function stepEffects(command: OpenCommand, atMs: number, ttl: HistoryTtl): Effects {
  const record: JournalRecord = { kind: "commandState", cmdId: command.cmdId, state: command.state, detail: command.detail };
  return { records: [record], publications: [receiptPublication(command, atMs, ttl)] };
}

export function receiptPublication(command: OpenCommand, atMs: number, ttl: HistoryTtl): JournalPublication {
  const receipt: Receipt = {
    cmd_id: command.cmdId,
    vm_id: command.vmId,
    state: command.state,
    ts: new Date(atMs).toISOString(),
    ...(command.detail === null ? {} : { detail: command.detail }),
  };
  return {
    channel: `user_cmd:${command.userId}`,
    data: jsonBytes(receipt),
    tags: { at: String(atMs) },
    historyTtlMs: ttl("user_cmd"),
  };
}

/** As `/v1` shows it; from the store's row or from memory. */
export function commandView(command: Omit<CommandRow, "idempotencyKey">): Command {
  return {
    cmd_id: command.cmdId,
    vm_id: command.vmId,
    name: command.name,
    params: JSON.parse(decoder.decode(command.params)) as Record<string, unknown>,
    user_id: command.userId,
    state: command.state,
    detail: command.detail,
    created_ms: command.createdMs,
    updated_ms: command.updatedMs,
    expires_ms: command.expiresMs,
  };
}
