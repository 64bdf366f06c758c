import type { Chance } from "./chance.ts";
import type { AckState } from "./payloads.ts";
import type { SimulatorClock } from "./ports.ts";

/** What a command may do to its machine. Each answers undefined when it worked, or why it did not. */
export interface CommandActions {
  restart(done: () => void): void;
  lockSales(locked: boolean): void;
  unlockDoor(): string | undefined;
  setTemperature(targetC: number): void;
}

export interface CommandSettings {
  /** [0, 1]: share of the accepted commands that end as `failed`. */
  readonly failRate: number;
  readonly workMs: number;
}

interface Command {
  readonly cmd_id: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly expiresAtMs: number | undefined;
}

interface Answer {
  readonly state: AckState;
  readonly detail: string | undefined;
}

/** As a machine remembers them: the last answers of that many commands. */
const rememberedMax = 256;

const targetRangeC = { min: -30, max: 15 } as const;

/**
 * Answers commands as a machine does: `received`, `running`, `done` or `failed`; `rejected` with a reason for what it does
 * not know, cannot do, or got too late. Commands arrive at least once: a repeated `cmd_id` is answered from memory and
 * never carried out a second time, also across a restart of the machine.
 */
export class CommandResponder {
  readonly #clock: SimulatorClock;
  readonly #chance: Chance;
  readonly #settings: CommandSettings;
  readonly #actions: CommandActions;
  readonly #send: (commandId: string, answer: Answer) => void;
  readonly #remembered = new Map<string, Answer>();

  constructor(
    clock: SimulatorClock,
    chance: Chance,
    settings: CommandSettings,
    actions: CommandActions,
    send: (commandId: string, answer: Answer) => void,
  ) {
    this.#clock = clock;
    this.#chance = chance;
    this.#settings = settings;
    this.#actions = actions;
    this.#send = send;
  }

  take(payload: Uint8Array): void {
    const command = parseCommand(payload);
    // Without an id there is nobody to answer.
    if (command === undefined) return;
    const before = this.#remembered.get(command.cmd_id);
    if (before !== undefined) {
      this.#send(command.cmd_id, before);
      return;
    }
    const refusal = this.#refusal(command);
    if (refusal !== undefined) {
      this.#answer(command.cmd_id, "rejected", refusal);
      return;
    }
    this.#answer(command.cmd_id, "received", undefined);
    this.#answer(command.cmd_id, "running", undefined);
    this.#clock.schedule(this.#settings.workMs, () => this.#carryOut(command));
  }

  #refusal(command: Command): string | undefined {
    if (command.expiresAtMs !== undefined && command.expiresAtMs <= this.#clock.wallMs()) return "expired";
    switch (command.name) {
      case "ping":
      case "restart":
      case "lock_sales":
      case "unlock_door":
        return undefined;
      case "set_temperature": {
        const target = targetC(command);
        if (target === undefined) return "target_c is missing";
        if (target < targetRangeC.min || target > targetRangeC.max) return `target_c must be ${targetRangeC.min} to ${targetRangeC.max}`;
        return undefined;
      }
      default:
        return "unknown command";
    }
  }

  #carryOut(command: Command): void {
    if (this.#chance.next() < this.#settings.failRate) {
      this.#answer(command.cmd_id, "failed", "the machine could not do it");
      return;
    }
    const done = (detail?: string): void => this.#answer(command.cmd_id, "done", detail);
    switch (command.name) {
      case "restart":
        this.#actions.restart(() => done());
        return;
      case "lock_sales":
        this.#actions.lockSales(command.params["locked"] !== false);
        done();
        return;
      case "unlock_door": {
        const fault = this.#actions.unlockDoor();
        if (fault === undefined) done();
        else this.#answer(command.cmd_id, "failed", fault);
        return;
      }
      case "set_temperature":
        this.#actions.setTemperature(targetC(command) ?? 0);
        done();
        return;
      default:
        done("pong");
    }
  }

  #answer(commandId: string, state: AckState, detail: string | undefined): void {
    const answer: Answer = { state, detail };
    this.#remembered.delete(commandId);
    this.#remembered.set(commandId, answer);
    if (this.#remembered.size > rememberedMax) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    this.#send(commandId, answer);
  }
}

function targetC(command: Command): number | undefined {
  const value = command.params["target_c"];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function parseCommand(payload: Uint8Array): Command | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    // Not a command; a machine has nobody to complain to.
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { cmd_id, name, params, expires_at } = value as Readonly<Record<string, unknown>>;
  if (typeof cmd_id !== "string" || cmd_id === "" || typeof name !== "string") return undefined;
  const expiresAtMs = typeof expires_at === "string" ? Date.parse(expires_at) : expires_at;
  return {
    cmd_id,
    name,
    params: typeof params === "object" && params !== null ? (params as Readonly<Record<string, unknown>>) : {},
    expiresAtMs: typeof expiresAtMs === "number" && Number.isFinite(expiresAtMs) ? expiresAtMs : undefined,
  };
}
