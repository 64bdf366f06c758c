import { Lock, LockOpen, type LucideIcon, RotateCcw, Thermometer } from "lucide-react";
import type { MessageKey } from "../../i18n/i18n.ts";

/** A command of the vending preset, as the dialog offers it. */
export interface CommandDefinition {
  readonly name: string;
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
  { name: "restart", label: "command.restart", icon: RotateCcw, warning: "command.restart.warning", number: null },
  { name: "lock_sales", label: "command.lock_sales", icon: Lock, warning: "command.lock_sales.warning", number: null },
  { name: "unlock_door", label: "command.unlock_door", icon: LockOpen, warning: "command.unlock_door.warning", number: null },
  {
    name: "set_temperature",
    label: "command.set_temperature",
    icon: Thermometer,
    warning: null,
    number: { key: "target_c", label: "command.set_temperature.target", min: -30, max: 15, step: 0.5, standard: -18 },
  },
];
