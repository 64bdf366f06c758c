import type { Command, CommandState, Receipt } from "@fleetcast/protocol";
import type { FlushLoop } from "./flush-loop.ts";
import { Signal } from "./signal.ts";
import { asRecord, asText, readTime } from "./telemetry.ts";

/** The way of a command that goes well, in order; the other states end it early. */
export const commandPath: readonly CommandState[] = ["queued", "sent", "received", "running", "done"];
const endStates: ReadonlySet<CommandState> = new Set(["done", "failed", "rejected", "expired", "cancelled"]);
const knownStates: ReadonlySet<string> = new Set([...commandPath, ...endStates]);
const commandsMax = 500;

export function hasEnded(state: CommandState): boolean {
  return endStates.has(state);
}

/** A command with the time of each state that was heard of. */
export interface TrackedCommand {
  readonly cmdId: string;
  readonly vmId: string;
  /** Null while only a receipt is known, of a command sent from another tab. */
  readonly name: string | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly state: CommandState;
  readonly detail: string | null;
  readonly createdMs: number;
  readonly times: Partial<Record<CommandState, number>>;
}

/**
 * What became of the commands. Answers of the API and receipts over `user_cmd:{user_id}` come in any order: a state never
 * goes back, and an ended command stays as it ended.
 */
export class CommandBook {
  readonly #loop: FlushLoop;
  readonly #signal = new Signal();
  readonly subscribe = this.#signal.subscribe;
  readonly #commands = new Map<string, TrackedCommand>();
  #version = 0;
  #dirty = false;

  constructor(loop: FlushLoop) {
    this.#loop = loop;
    loop.add(() => this.#flush());
  }

  get version(): number {
    return this.#version;
  }

  get(cmdId: string): TrackedCommand | undefined {
    return this.#commands.get(cmdId);
  }

  /** Newest first. */
  ofMachine(vmId: string): TrackedCommand[] {
    return [...this.#commands.values()].filter((command) => command.vmId === vmId).sort((a, b) => b.createdMs - a.createdMs);
  }

  take(command: Command): void {
    const known = this.#commands.get(command.cmd_id);
    this.#put({
      cmdId: command.cmd_id,
      vmId: command.vm_id,
      name: command.name,
      params: command.params,
      createdMs: command.created_ms,
      ...later(known, command.state, command.detail),
      times: { ...known?.times, [command.state]: known?.times[command.state] ?? command.updated_ms, queued: command.created_ms },
    });
  }

  receipt(receipt: Receipt, atMs: number): TrackedCommand {
    const known = this.#commands.get(receipt.cmd_id);
    const tsMs = readTime(receipt.ts) ?? atMs;
    const tracked: TrackedCommand = {
      cmdId: receipt.cmd_id,
      vmId: receipt.vm_id,
      name: known?.name ?? null,
      params: known?.params ?? {},
      createdMs: known?.createdMs ?? tsMs,
      ...later(known, receipt.state, receipt.detail ?? null),
      times: { ...known?.times, [receipt.state]: known?.times[receipt.state] ?? tsMs },
    };
    this.#put(tracked);
    return tracked;
  }

  #put(command: TrackedCommand): void {
    this.#commands.delete(command.cmdId);
    this.#commands.set(command.cmdId, command);
    if (this.#commands.size > commandsMax) this.#commands.delete(this.#commands.keys().next().value!);
    this.#dirty = true;
    this.#loop.mark("urgent");
  }

  #flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#version++;
    this.#signal.emit();
  }
}

export function readReceipt(data: unknown): Receipt | null {
  const root = asRecord(data);
  const cmdId = asText(root?.["cmd_id"]);
  const state = asText(root?.["state"]);
  if (root === null || cmdId === null || state === null || !knownStates.has(state)) return null;
  const detail = root["detail"];
  return {
    cmd_id: cmdId,
    vm_id: asText(root["vm_id"]) ?? "",
    state: state as CommandState,
    ts: asText(root["ts"]) ?? "",
    ...(detail === undefined || detail === null ? {} : { detail: typeof detail === "string" ? detail : JSON.stringify(detail) }),
  };
}

function later(
  known: TrackedCommand | undefined,
  state: CommandState,
  detail: string | null,
): { state: CommandState; detail: string | null } {
  if (known === undefined) return { state, detail };
  if (hasEnded(known.state)) return { state: known.state, detail: known.detail ?? detail };
  if (hasEnded(state) || commandPath.indexOf(state) >= commandPath.indexOf(known.state)) return { state, detail: detail ?? known.detail };
  return { state: known.state, detail: known.detail };
}
