import type { MachineState, Severity } from "@fleetcast/protocol";
import { CircleAlert, CircleCheck, CircleHelp, CircleX, Clock3, DoorClosed, DoorOpen, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useText } from "../i18n/use-text.ts";
import { classNames } from "./class-names.ts";

const stateLooks = {
  online: { icon: CircleCheck, colour: "text-ok" },
  offline: { icon: CircleX, colour: "text-offline" },
  unknown: { icon: CircleHelp, colour: "text-offline" },
} as const;

/** The machine's state as the server judged it: sign and word, never colour alone. */
export function StateSign({ state, compact = false }: { state: MachineState; compact?: boolean }) {
  const t = useText();
  const { icon: Icon, colour } = stateLooks[state];
  const word = t(`state.${state}`);
  return (
    <span className={classNames("inline-flex items-center gap-1.5 whitespace-nowrap", colour)}>
      <Icon size={16} aria-hidden />
      <span className={compact ? "sr-only" : "font-medium text-sm"}>{word}</span>
    </span>
  );
}

const severityLooks = {
  critical: { icon: CircleAlert, look: "bg-crit text-bg" },
  warning: { icon: TriangleAlert, look: "bg-warn text-bg" },
  info: { icon: Info, look: "bg-raised text-ink" },
} as const;

export function SeverityChip({ severity }: { severity: Severity }) {
  const t = useText();
  const { icon: Icon, look } = severityLooks[severity];
  return (
    <span className={classNames("inline-flex h-6 items-center gap-1 whitespace-nowrap rounded-full px-2 font-medium text-xs", look)}>
      <Icon size={13} aria-hidden />
      {t(`severity.${severity}`)}
    </span>
  );
}

export function DoorSign({ closed, bare = false }: { closed: boolean | null; bare?: boolean }) {
  const t = useText();
  if (closed === null) return <NoValue />;
  const Icon = closed ? DoorClosed : DoorOpen;
  return (
    <span className={classNames("inline-flex items-center gap-1.5 whitespace-nowrap", closed ? "text-ink" : "font-medium text-warn")}>
      {bare ? null : <Icon size={16} className={closed ? "text-muted" : ""} aria-hidden />}
      {t(closed ? "door.closed" : "door.open")}
    </span>
  );
}

export function NoValue() {
  const t = useText();
  return (
    <span className="text-muted">
      <span aria-hidden>–</span>
      <span className="sr-only">{t("common.novalue")}</span>
    </span>
  );
}

/** Puts a clock beside values that are older than they should be. */
export function Stale({ stale, children }: { stale: boolean; children: ReactNode }) {
  const t = useText();
  return (
    <span className={classNames("live-value inline-flex items-center gap-1 whitespace-nowrap", stale && "text-muted")}>
      {children}
      {stale ? <Clock3 size={12} role="img" aria-label={t("common.stale")} /> : null}
    </span>
  );
}
