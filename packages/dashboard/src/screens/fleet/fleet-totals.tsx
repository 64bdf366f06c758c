import { BellRing, CircleCheck, CircleX, type LucideIcon, PackageCheck } from "lucide-react";
import { useTotals } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useText } from "../../i18n/use-text.ts";
import { classNames } from "../../ui/class-names.ts";
import type { FleetFilter } from "./fleet-order.ts";

interface TotalsProps {
  readonly filter: FleetFilter;
  readonly onFilter: (filter: FleetFilter) => void;
}

/** The fleet in four numbers, counted by the server; three of them filter the list. */
export function FleetTotalsTiles({ filter, onFilter }: TotalsProps) {
  const t = useText();
  const format = useFormat();
  const totals = useTotals();
  const toggle = (value: FleetFilter) => onFilter(filter === value ? "all" : value);
  return (
    <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      <Tile icon={CircleCheck} colour="text-ok" label={t("fleet.online")} pressed={filter === "online"} onPress={() => toggle("online")}>
        {format.integer(totals.online)}
        <span className="font-normal text-base text-muted"> / {format.integer(totals.machines)}</span>
      </Tile>
      <Tile
        icon={CircleX}
        colour={totals.offline > 0 ? "text-ink" : "text-muted"}
        label={t("fleet.offline")}
        pressed={filter === "offline"}
        onPress={() => toggle("offline")}
      >
        {format.integer(totals.offline)}
      </Tile>
      <Tile
        icon={BellRing}
        colour={totals.in_alarm > 0 ? "text-crit" : "text-muted"}
        label={t("fleet.alarm")}
        pressed={filter === "alarm"}
        onPress={() => toggle("alarm")}
      >
        <span className={totals.in_alarm > 0 ? "text-crit" : ""}>{format.integer(totals.in_alarm)}</span>
      </Tile>
      <Tile icon={PackageCheck} colour="text-muted" label={t("fleet.vends")}>
        {format.integer(totals.vends_today)}
      </Tile>
    </div>
  );
}

interface TileProps {
  readonly icon: LucideIcon;
  readonly colour: string;
  readonly label: string;
  readonly pressed?: boolean;
  readonly onPress?: () => void;
  readonly children: React.ReactNode;
}

function Tile({ icon: Icon, colour, label, pressed, onPress, children }: TileProps) {
  const look = "flex flex-col gap-1 rounded-xl border bg-surface px-4 py-3 text-left";
  const content = (
    <>
      <span className="flex items-center gap-2 text-muted text-sm">
        <Icon size={16} className={colour} aria-hidden />
        {label}
      </span>
      <span className="live-value whitespace-nowrap font-semibold text-2xl leading-8">{children}</span>
    </>
  );
  if (onPress === undefined) return <div className={look}>{content}</div>;
  return (
    <button
      type="button"
      aria-pressed={pressed === true}
      onClick={onPress}
      className={classNames(look, "hover:border-muted aria-pressed:border-accent aria-pressed:ring-1 aria-pressed:ring-accent")}
    >
      {content}
    </button>
  );
}
