import type { FleetRow, Machine } from "@fleetcast/protocol";
import { DoorClosed, Thermometer, Timer, Zap } from "lucide-react";
import { type ReactNode, useCallback, useSyncExternalStore } from "react";
import { useLive, useRow, useServerNow } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import type { MachineSession } from "../../live/machine-session.ts";
import type { Watcher } from "../../live/watchers.ts";
import { Avatar } from "../../ui/avatar.tsx";
import { classNames } from "../../ui/class-names.ts";
import { DoorSign, NoValue, SeverityChip, Stale, StateSign } from "../../ui/machine-signs.tsx";
import { staleAfterMs } from "../fleet/machine-row.tsx";
import { CommandButtons } from "./command-buttons.tsx";

interface HeaderProps {
  readonly vmId: string;
  readonly machine: Machine | null;
  readonly session: MachineSession | null;
}

/** Who this machine is, how it is now, who else is looking, and what can be done to it. */
export function MachineHeader({ vmId, machine, session }: HeaderProps) {
  const codeText = useCodeText();
  const row = useRow(vmId) ?? machine ?? null;
  const name = row?.name ?? vmId;
  return (
    <header className="grid items-start gap-x-6 gap-y-4 sm:grid-cols-[minmax(0,1fr)_auto]">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h1 className="break-all font-semibold text-2xl leading-9">{name}</h1>
          {row === null ? null : <StateSign state={row.state} />}
          {row?.worst_alarm ? <SeverityChip severity={row.worst_alarm} /> : null}
        </div>
        <p className="text-muted text-sm">
          {[name === vmId ? null : vmId, machine?.site ?? null, row === null ? null : codeText("reason", row.state_reason)]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      {session === null ? null : <WatcherList session={session} />}
      {/* On a phone the values come first, then what can be done. */}
      <div className="sm:col-span-2">
        {row === null ? <HeaderSkeleton /> : <Chips row={row} intervalMs={machine?.report_interval_ms ?? null} />}
      </div>
      <div className="empty:hidden sm:col-span-2">
        <CommandButtons vmId={vmId} name={name} />
      </div>
    </header>
  );
}

function Chips({ row, intervalMs }: { row: FleetRow; intervalMs: number | null }) {
  const t = useText();
  const format = useFormat();
  const now = useServerNow();
  const ageMs = row.last_seen_ms === null ? null : Math.max(0, now - row.last_seen_ms);
  const stale = ageMs === null || ageMs > (intervalMs === null ? staleAfterMs : intervalMs * 3);
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      <Chip icon={<Thermometer size={16} aria-hidden />} label={t("column.temp")}>
        {row.temp_c === null ? (
          <NoValue />
        ) : (
          <Stale stale={stale}>
            {format.decimal(row.temp_c)}
            <span className="font-normal text-base text-muted">°C</span>
          </Stale>
        )}
      </Chip>
      <Chip icon={<Zap size={16} aria-hidden />} label={t("column.voltage")}>
        {row.voltage_v === null ? (
          <NoValue />
        ) : (
          <Stale stale={stale}>
            {format.decimal(row.voltage_v)}
            <span className="font-normal text-base text-muted">V</span>
          </Stale>
        )}
      </Chip>
      <Chip icon={<DoorClosed size={16} aria-hidden />} label={t("column.door")}>
        <span className="live-value text-lg">
          <DoorSign closed={row.door_closed} bare />
        </span>
      </Chip>
      <Chip icon={<Timer size={16} aria-hidden />} label={t("column.seen")}>
        <span className={classNames("text-lg", stale && "text-warn")}>{ageMs === null ? t("fleet.never") : format.age(ageMs)}</span>
      </Chip>
    </dl>
  );
}

function Chip({ icon, label, children }: { icon: ReactNode; label: string; children: ReactNode }) {
  return (
    <div className="rounded-xl border bg-surface px-4 py-3">
      <dt className="flex items-center gap-2 text-muted text-sm">
        {icon}
        {label}
      </dt>
      <dd className="flex h-9 items-center font-semibold text-2xl">{children}</dd>
    </div>
  );
}

function HeaderSkeleton() {
  return (
    <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      {["a", "b", "c", "d"].map((key) => (
        <div key={key} className="skeleton h-[84px] rounded-xl" />
      ))}
    </div>
  );
}

const facesMax = 4;
const noWatchers: readonly Watcher[] = [];

function WatcherList({ session }: { session: MachineSession }) {
  const t = useText();
  const { watchers } = session;
  const list = useSyncExternalStore(
    watchers.subscribe,
    useCallback(() => watchers.list, [watchers]),
    () => noWatchers,
  );
  const { me } = useLive();
  if (list.length === 0) return null;
  const names = list.map((watcher) => (watcher.you ? t("watch.you", { name: watcher.name || me.name }) : watcher.name));
  const text = names.slice(0, facesMax).join(t("watch.separator")) + (names.length > facesMax ? ` +${names.length - facesMax}` : "");
  return (
    <div className="flex min-h-9 items-center gap-2 text-sm" title={names.join(t("watch.separator"))}>
      <span className="flex" aria-hidden>
        {list.slice(0, facesMax).map((watcher, index) => (
          <Avatar
            key={watcher.user}
            name={watcher.name}
            seed={watcher.user}
            size={26}
            className={classNames("ring-2 ring-bg", index > 0 && "-ml-2")}
          />
        ))}
      </span>
      <span className="min-w-0">
        <span className="text-muted">{t("watch.label")}</span> <span className="break-all">{text}</span>
      </span>
    </div>
  );
}
