import type { Clock } from "@fleetcast/engine";
import type { Command, CommandList, CommandRequest } from "@fleetcast/protocol";
import type { Journal, JournalRecord } from "@fleetcast/storage";
import type { CommandBook } from "./command-book.ts";
import { type HistoryTtl, jsonBytes } from "./effects.ts";
import { FleetRefusal } from "./fleet-refusal.ts";
import { commandView, type OpenCommand, receiptPublication } from "./open-command.ts";

export interface CommandDeskDependencies {
  readonly journal: Pick<Journal, "append" | "fleet">;
  readonly book: CommandBook;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly newId: () => string;
  readonly historyTtlMs: HistoryTtl;
  readonly knows: (vmId: string) => boolean;
}

export const commandTargetsMax = 1_000;
export const openCommandsMax = 20_000;
const ttlSecondsMax = 86_400;
const keyLengthMax = 128;
const paramsBytesMax = 16_384;
/** How long an answer waits for the broker; the commands are stored before, and sent in any case. */
const sendWaitMs = 2_000;

/** Takes commands from people: checked, stored as queued (once per user and key), handed to the broker, answered. */
export class CommandDesk {
  readonly #dependencies: CommandDeskDependencies;

  constructor(dependencies: CommandDeskDependencies) {
    this.#dependencies = dependencies;
  }

  async command(userId: string, request: CommandRequest): Promise<CommandList> {
    this.#check(request);
    const { journal } = this.#dependencies;
    const earlier = await journal.fleet.commandsByIdempotencyKey(userId, request.idempotency_key);
    if (earlier.length > 0) return { commands: earlier.map(commandView) };
    if (this.#dependencies.book.size + request.targets.length > openCommandsMax) {
      throw new FleetRefusal(429, "too_many_commands", `more than ${openCommandsMax} commands are open`);
    }
    const commands = this.#build(userId, request);
    const stored = await this.#store(commands, request.idempotency_key);
    if (!stored) {
      // A double click: the other request with this key was stored first.
      const rows = await journal.fleet.commandsByIdempotencyKey(userId, request.idempotency_key);
      return { commands: rows.map(commandView) };
    }
    for (const command of commands) this.#dependencies.book.add(command);
    await this.#send(commands);
    return { commands: commands.map(commandView) };
  }

  #build(userId: string, request: CommandRequest): OpenCommand[] {
    const { newId, nowMs } = this.#dependencies;
    const params = jsonBytes(request.params);
    const createdMs = nowMs();
    return [...new Set(request.targets)].map((vmId) => ({
      cmdId: `c_${newId()}`,
      vmId,
      name: request.name,
      params,
      userId,
      createdMs,
      expiresMs: createdMs + request.ttl_s * 1_000,
      state: "queued",
      detail: null,
      updatedMs: createdMs,
      sendAfterMs: 0,
      sending: false,
    }));
  }

  /** All targets in one transaction, each with its first receipt; false when this key was used before. */
  #store(commands: readonly OpenCommand[], idempotencyKey: string): Promise<boolean> {
    const { historyTtlMs, journal } = this.#dependencies;
    const atMs = commands[0]!.createdMs;
    const records = commands.map(({ cmdId, vmId, name, params, userId, expiresMs }): JournalRecord => {
      return { kind: "command", cmdId, vmId, name, params, userId, idempotencyKey, expiresMs };
    });
    const publications = commands.map((command) => receiptPublication(command, atMs, historyTtlMs));
    return new Promise((resolve, reject) => {
      journal.append({ atMs, records, publications }, (outcome) => {
        if (outcome.verdict === "bad") reject(new Error(`the store refused a command: ${outcome.reason ?? "no reason"}`));
        else resolve(outcome.verdict === "stored");
      });
    });
  }

  async #send(commands: readonly OpenCommand[]): Promise<void> {
    const { book, clock } = this.#dependencies;
    let cancel = (): void => {};
    const waited = new Promise<void>((resolve) => {
      cancel = clock.schedule(sendWaitMs, resolve);
    });
    await Promise.race([Promise.all(commands.map((command) => book.send(command))), waited]);
    cancel();
  }

  #check(request: CommandRequest): void {
    const { idempotency_key: key, name, params, targets, ttl_s: ttlS } = request;
    if (typeof key !== "string" || key.length === 0 || key.length > keyLengthMax) {
      throw invalid("idempotency_key", `expected text of 1 to ${keyLengthMax} characters`);
    }
    if (typeof name !== "string" || !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) {
      throw invalid("name", "expected 1 to 64 of A-Z a-z 0-9 _ . -");
    }
    if (!Number.isInteger(ttlS) || ttlS < 1 || ttlS > ttlSecondsMax)
      throw invalid("ttl_s", `expected whole seconds from 1 to ${ttlSecondsMax}`);
    if (typeof params !== "object" || params === null || Array.isArray(params)) throw invalid("params", "expected an object");
    if (jsonBytes(params).length > paramsBytesMax) throw invalid("params", `expected at most ${paramsBytesMax} bytes of JSON`);
    if (!Array.isArray(targets) || targets.length === 0 || targets.length > commandTargetsMax) {
      throw invalid("targets", `expected 1 to ${commandTargetsMax} machines`);
    }
    for (const vmId of targets) {
      if (!this.#dependencies.knows(vmId)) throw new FleetRefusal(404, "no_such_machine", "no machine of this name", "targets");
    }
  }

  /**
   * Cancelled where the machine has not confirmed it; the command as it is after that. A command that cannot be cancelled
   * any more is answered as it is: its state says so.
   */
  async cancel(userId: string, cmdId: string): Promise<Command | undefined> {
    const { book, journal } = this.#dependencies;
    let command: OpenCommand | undefined;
    await new Promise<void>((resolve) => {
      const owner = book.get(cmdId)?.userId;
      command = book.cancel(cmdId, owner === userId ? null : `by ${userId}`, resolve);
      if (command === undefined) resolve();
    });
    if (command !== undefined) return commandView(command);
    const row = await journal.fleet.command(cmdId);
    return row === undefined ? undefined : commandView(row);
  }
}

function invalid(field: string, expected: string): FleetRefusal {
  return new FleetRefusal(400, "invalid_request", `${field}: ${expected}`, field);
}
