import type { FleetRow } from "@fleetcast/protocol";
import { memo, useEffect, useRef } from "react";
import { Link } from "wouter";
import { useRow, useServerNow } from "../../hooks.ts";
import { type Format, useFormat } from "../../i18n/format.ts";
import { useText } from "../../i18n/use-text.ts";
import { classNames } from "../../ui/class-names.ts";
import { DoorSign, NoValue, SeverityChip, Stale, StateSign } from "../../ui/machine-signs.tsx";

/** Columns of a wide row; the head of the table uses the same. */
export const columns = "grid-cols-[84px_minmax(0,1fr)_92px_92px_92px_88px_104px]";
export const rowHeightPx = 52;
export const cardHeightPx = 96;
/** Three times the default report interval: from then on a value is old. The row itself does not say its interval. */
export const staleAfterMs = 90_000;

interface RowProps {
  readonly vmId: string;
  readonly index: number;
  readonly wide: boolean;
}

/** One machine in the list. Only this row draws again when only this machine changed. */
export const MachineRow = memo(function MachineRow({ vmId, index, wide }: RowProps) {
  const row = useRow(vmId);
  const now = useServerNow();
  const format = useFormat();
  if (row === undefined) return null;
  const ageMs = row.last_seen_ms === null ? null : Math.max(0, now - row.last_seen_ms);
  const stale = ageMs === null || ageMs > staleAfterMs;
  return wide ? (
    <WideRow row={row} index={index} ageMs={ageMs} stale={stale} format={format} />
  ) : (
    <CardRow row={row} index={index} ageMs={ageMs} stale={stale} format={format} />
  );
});

interface BodyProps {
  readonly row: FleetRow;
  readonly index: number;
  readonly ageMs: number | null;
  readonly stale: boolean;
  readonly format: Format;
}

function WideRow({ row, index, ageMs, stale, format }: BodyProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: the rows of a virtual list are placed freely, which a table element does not allow
    // biome-ignore lint/a11y/useFocusableInteractive: the link inside is what takes the focus
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classNames("relative grid h-full items-center gap-4 border-b px-4 hover:bg-raised", columns)}
    >
      <Flash row={row} />
      <Cell>
        <StateSign state={row.state} />
      </Cell>
      <Cell className="min-w-0">
        <MachineLink row={row} stacked />
      </Cell>
      <Cell className="justify-end">
        <Temperature row={row} stale={stale} format={format} />
      </Cell>
      <Cell className="justify-end">
        <Voltage row={row} stale={stale} format={format} />
      </Cell>
      <Cell>
        <Stale stale={false}>
          <DoorSign closed={row.door_closed} />
        </Stale>
      </Cell>
      <Cell>{row.worst_alarm === null ? <NoAlarm /> : <SeverityChip severity={row.worst_alarm} />}</Cell>
      <Cell className="justify-end text-muted">
        <LastSeen ageMs={ageMs} stale={stale} format={format} />
      </Cell>
    </div>
  );
}

function CardRow({ row, index, ageMs, stale, format }: BodyProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see WideRow
    // biome-ignore lint/a11y/useFocusableInteractive: see WideRow
    <div
      role="row"
      aria-rowindex={index + 2}
      className="relative mb-2 grid h-[calc(100%-8px)] content-center gap-2 rounded-xl border bg-surface px-3.5"
    >
      <Flash row={row} />
      <div className="flex min-w-0 items-center gap-2.5">
        <Cell>
          <StateSign state={row.state} compact />
        </Cell>
        <Cell className="min-w-0 flex-1">
          <MachineLink row={row} />
        </Cell>
        <Cell>{row.worst_alarm === null ? <NoAlarm /> : <SeverityChip severity={row.worst_alarm} />}</Cell>
      </div>
      <div className="grid grid-cols-[1fr_1fr_1fr_auto] items-center gap-2">
        <Cell className="text-lg">
          <Temperature row={row} stale={stale} format={format} />
        </Cell>
        <Cell>
          <Voltage row={row} stale={stale} format={format} />
        </Cell>
        <Cell className="text-sm">
          <Stale stale={false}>
            <DoorSign closed={row.door_closed} />
          </Stale>
        </Cell>
        <Cell className="justify-end text-muted text-sm">
          <LastSeen ageMs={ageMs} stale={stale} format={format} />
        </Cell>
      </div>
    </div>
  );
}

function Cell({ className, children }: { className?: string; children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see WideRow
    <div role="cell" className={classNames("flex min-w-0 items-center", className)}>
      {children}
    </div>
  );
}

/** The whole row is the link's target; its text is what a screen reader says. */
function MachineLink({ row, stacked = false }: { row: FleetRow; stacked?: boolean }) {
  return (
    <Link
      href={`/machines/${encodeURIComponent(row.vm_id)}`}
      className={classNames("flex min-w-0 after:absolute after:inset-0", stacked ? "flex-col leading-tight" : "items-baseline gap-2")}
    >
      <span className="truncate font-medium">{row.name}</span>
      {row.name === row.vm_id ? null : (
        <span className={classNames("truncate text-muted", stacked ? "text-xs" : "text-sm")}>{row.vm_id}</span>
      )}
    </Link>
  );
}

function Temperature({ row, stale, format }: Pick<BodyProps, "row" | "stale" | "format">) {
  if (row.temp_c === null) return <NoValue />;
  return (
    <Stale stale={stale}>
      <span className={stale ? "" : "font-medium"}>{format.decimal(row.temp_c)}</span>
      <span className="text-muted text-sm">°C</span>
    </Stale>
  );
}

function Voltage({ row, stale, format }: Pick<BodyProps, "row" | "stale" | "format">) {
  if (row.voltage_v === null) return <NoValue />;
  return (
    <Stale stale={stale}>
      <span>{format.decimal(row.voltage_v)}</span>
      <span className="text-muted text-sm">V</span>
    </Stale>
  );
}

function LastSeen({ ageMs, stale, format }: { ageMs: number | null; stale: boolean; format: Format }) {
  const t = useText();
  if (ageMs === null) return <span>{t("fleet.never")}</span>;
  return <span className={classNames("whitespace-nowrap", stale && "text-warn")}>{format.age(ageMs)}</span>;
}

function NoAlarm() {
  const t = useText();
  return <span className="sr-only">{t("fleet.noalarm")}</span>;
}

/** Flashes once when the state or the worst alarm changed; not for every reading, which would be all the time. */
function Flash({ row }: { row: FleetRow }) {
  const sign = `${row.state}/${row.worst_alarm}`;
  const first = useRef(sign);
  const changed = useRef(false);
  if (sign !== first.current) changed.current = true;
  useEffect(() => {
    first.current = sign;
  }, [sign]);
  return changed.current ? <span key={sign} aria-hidden className="flash pointer-events-none absolute inset-0" /> : null;
}
