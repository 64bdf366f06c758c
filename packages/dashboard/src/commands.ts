import { Lock, LockOpen, type LucideIcon, RotateCcw, Store, Thermometer } from "lucide-react";
import type { MessageKey } from "./i18n/i18n.ts";

/** A command of the vending preset, as the dialog offers it. */
export interface CommandDefinition {
  /** Unique among the buttons; `name` is what the machine is told. */
  readonly key: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly label: MessageKey;
  readonly icon: LucideIcon;
  /** What it does to the machine and its customers; asked about before it is sent. */
  readonly warning: MessageKey | null;
  /** The one number it takes. */
  readonly number: {
    readonly key: string;
    readonly label: MessageKey;
    readonly min: number;
    readonly max: number;
    readonly step: number;
    readonly standard: number;
  } | null;
}

export const commandDefinitions: readonly CommandDefinition[] = [
  {
    key: "restart",
    name: "restart",
    params: {},
    label: "command.restart",
    icon: RotateCcw,
    warning: "command.restart.warning",
    number: null,
  },
  {
    key: "lock_sales",
    name: "lock_sales",
    params: { locked: true },
    label: "command.lock_sales",
    icon: Lock,
    warning: "command.lock_sales.warning",
    number: null,
  },
  {
    key: "resume_sales",
    name: "lock_sales",
    params: { locked: false },
    label: "command.resume_sales",
    icon: Store,
    warning: null,
    number: null,
  },
  {
    key: "unlock_door",
    name: "unlock_door",
    params: {},
    label: "command.unlock_door",
    icon: LockOpen,
    warning: "command.unlock_door.warning",
    number: null,
  },
  {
    key: "set_temperature",
    name: "set_temperature",
    params: {},
    label: "command.set_temperature",
    icon: Thermometer,
    warning: null,
    number: { key: "target_c", label: "command.set_temperature.target", min: -30, max: 15, step: 0.5, standard: -18 },
  },
];

/** The label of a command that was sent, also from elsewhere; null for one that no button here sends. */
export function labelOf(name: string, params: Readonly<Record<string, unknown>>): MessageKey | null {
  const known = commandDefinitions.filter((definition) => definition.name === name);
  const exact = known.find((definition) => Object.entries(definition.params).every(([key, value]) => params[key] === value));
  return (exact ?? known[0])?.label ?? null;
}
