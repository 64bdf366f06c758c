import type { Clock } from "@fleetcast/engine";
import type { CommandState } from "@fleetcast/protocol";
import type { Journal } from "@fleetcast/storage";
import type { Logger } from "../log.ts";
import { isConfirmed, isFinal, mayBecome } from "./command-state.ts";
import type { Effects, HistoryTtl } from "./effects.ts";
import { commandPayload, type OpenCommand, openCommandOf, stepEffects } from "./open-command.ts";

export interface CommandBookDependencies {
  readonly journal: Pick<Journal, "append" | "fleet">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly historyTtlMs: HistoryTtl;
  /** To the machine, QoS 1; resolves when the broker took it over. */
  readonly send: (vmId: string, payload: Uint8Array) => Promise<void>;
  /** Told of each step, the first included. */
  readonly reached?: ((cmdId: string, name: string, state: CommandState) => void) | undefined;
}

/** A broker that did not take a command over is asked again after this. */
const sendAgainMs = 5_000;
/** An answer of the broker that never comes holds a command no longer than this. */
const sendAnswerMsMax = 30_000;
/** A machine that confirmed a command and then never told the end: expired after this. */
const resultMsMax = 24 * 60 * 60 * 1_000;
/** Final commands remembered, so that a late or repeated acknowledgement is told from one for an unknown command. */
const finishedMax = 10_000;

const commandStates: readonly CommandState[] = [
  "queued",
  "sent",
  "received",
  "running",
  "done",
  "failed",
  "rejected",
  "expired",
  "cancelled",
];

/** How an acknowledgement was judged. `undo` is called when the entry it stands in was not stored. */
export type AckVerdict =
  | { readonly kind: "step"; readonly effects: Effects; readonly undo: () => void }
  | { readonly kind: "ignored" }
  | { readonly kind: "unknown" };

/**
 * Commands that are not final. Steps from machines come through `judgeAck` and are stored in the entry of their message;
 * steps of our own (sent, expired, cancelled) are entries of their own. A command is given to the broker once it is stored,
 * again when its machine comes online or after a restart while the machine has not confirmed it: a machine may get one
 * `cmd_id` twice and must do it once.
 */
export class CommandBook {
  readonly #dependencies: CommandBookDependencies;
  readonly #open = new Map<string, OpenCommand>();
  readonly #finished = new Map<string, string>();
  /** How many commands reached each state since the start. */
  readonly steps = new Map<CommandState, number>(commandStates.map((state) => [state, 0]));

  constructor(dependencies: CommandBookDependencies) {
    this.#dependencies = dependencies;
  }

  async load(): Promise<void> {
    const { fleet } = this.#dependencies.journal;
    for (const row of await fleet.openCommands()) this.#open.set(row.cmdId, openCommandOf(row));
    for (const row of await fleet.commands({ limit: 1_000 })) if (isFinal(row.state)) this.#remember(row.cmdId, row.vmId);
  }

  get size(): number {
    return this.#open.size;
  }

  get(cmdId: string): OpenCommand | undefined {
    return this.#open.get(cmdId);
  }

  add(command: OpenCommand): void {
    this.#open.set(command.cmdId, command);
    this.#count(command, command.state);
  }

  judgeAck(vmId: string, cmdId: string, state: CommandState, detail: string | undefined, atMs: number): AckVerdict {
    const command = this.#open.get(cmdId);
    if (command === undefined) return { kind: this.#finished.get(cmdId) === vmId ? "ignored" : "unknown" };
    if (command.vmId !== vmId) return { kind: "unknown" };
    if (!mayBecome(command.state, state)) return { kind: "ignored" };
    const before = { state: command.state, detail: command.detail, updatedMs: command.updatedMs };
    const effects = this.#step(command, state, detail ?? null, atMs);
    const undo = (): void => {
      if (command.state !== state) return;
      Object.assign(command, before);
      this.#finished.delete(cmdId);
      this.#open.set(cmdId, command);
    };
    return { kind: "step", effects, undo };
  }

  /** Cancelled where that is still possible; the command as it is now, or undefined when it is not open. */
  cancel(cmdId: string, detail: string | null, done: () => void): OpenCommand | undefined {
    const command = this.#open.get(cmdId);
    if (command === undefined) return undefined;
    if (mayBecome(command.state, "cancelled")) this.#storeStep(command, "cancelled", detail, done);
    else done();
    return command;
  }

  /** Hands a stored command to the broker; resolves when it is sent, or known not to be. */
  async send(command: OpenCommand): Promise<void> {
    if (command.sending || isConfirmed(command.state) || isFinal(command.state)) return;
    const { clock, log, send } = this.#dependencies;
    command.sending = true;
    command.sendAfterMs = clock.monotonicMs() + sendAnswerMsMax;
    try {
      await send(command.vmId, commandPayload(command));
      if (mayBecome(command.state, "sent")) this.#storeStep(command, "sent", null);
      command.sendAfterMs = Number.POSITIVE_INFINITY;
    } catch (cause) {
      command.sendAfterMs = clock.monotonicMs() + sendAgainMs;
      log.warn(
        { cmd_id: command.cmdId, vm_id: command.vmId, cause: String(cause) },
        "a command was not taken by the broker; it is sent again",
      );
    } finally {
      command.sending = false;
    }
  }

  /** The machine came online: what it never confirmed is sent again, for a session that the broker did not keep. */
  sendAgain(vmId: string): void {
    for (const command of this.#open.values()) if (command.vmId === vmId) void this.send(command);
  }

  /** Once a second: what is due is sent, what is over expires. */
  sweep(): void {
    const { clock, nowMs } = this.#dependencies;
    const wallMs = nowMs();
    const monotonicMs = clock.monotonicMs();
    for (const command of [...this.#open.values()]) {
      const confirmed = isConfirmed(command.state);
      if (!confirmed && wallMs >= command.expiresMs) this.#storeStep(command, "expired", "not confirmed by the machine in time");
      else if (confirmed && wallMs >= command.updatedMs + resultMsMax) this.#storeStep(command, "expired", "confirmed, but no result came");
      else if (!confirmed && monotonicMs >= command.sendAfterMs) void this.#sendDue(command);
    }
  }

  #sendDue(command: OpenCommand): Promise<void> {
    // The former answer never came: it is given up.
    command.sending = false;
    return this.send(command);
  }

  #storeStep(command: OpenCommand, state: CommandState, detail: string | null, done: () => void = () => {}): void {
    const { journal, log, nowMs } = this.#dependencies;
    const atMs = nowMs();
    journal.append({ atMs, ...this.#step(command, state, detail, atMs) }, (outcome) => {
      if (outcome.verdict !== "stored")
        log.error({ cmd_id: command.cmdId, state, reason: outcome.reason }, "a step of a command was not stored");
      done();
    });
  }

  #step(command: OpenCommand, state: CommandState, detail: string | null, atMs: number): Effects {
    this.#count(command, state);
    command.state = state;
    command.detail = detail;
    command.updatedMs = atMs;
    if (isFinal(state)) {
      this.#open.delete(command.cmdId);
      this.#remember(command.cmdId, command.vmId);
    }
    return stepEffects(command, atMs, this.#dependencies.historyTtlMs);
  }

  #count({ cmdId, name }: OpenCommand, state: CommandState): void {
    this.steps.set(state, (this.steps.get(state) ?? 0) + 1);
    this.#dependencies.reached?.(cmdId, name, state);
  }

  #remember(cmdId: string, vmId: string): void {
    this.#finished.set(cmdId, vmId);
    if (this.#finished.size > finishedMax) this.#finished.delete(this.#finished.keys().next().value!);
  }
}
