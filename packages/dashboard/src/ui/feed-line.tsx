import { History } from "lucide-react";
import { Link } from "wouter";
import { useRow } from "../hooks.ts";
import { useEventWords } from "../i18n/event-words.ts";
import { useFormat } from "../i18n/format.ts";
import { useText } from "../i18n/use-text.ts";
import type { CollapsedLine } from "../live/collapse.ts";
import { timeOf } from "../live/event-feed.ts";
import { classNames } from "./class-names.ts";
import { EventIcon } from "./event-icon.tsx";

interface LineProps {
  readonly line: CollapsedLine;
  readonly nowMs: number;
  /** False on a machine's own page, where the name would be said on every line. */
  readonly withMachine: boolean;
}

/** One line of a feed, wherever it stands: what, how often, which machine, when. */
export function FeedLine({ line, nowMs, withMachine }: LineProps) {
  const t = useText();
  const format = useFormat();
  const words = useEventWords();
  const { item, count } = line;
  if (item.kind === "gap") {
    return (
      <div className="flex items-center gap-2.5 border-accent border-y bg-raised px-4 py-2 text-sm">
        <History size={16} className="shrink-0 text-accent" aria-hidden />
        {t("feed.gap", { from: format.time(item.fromMs), to: format.time(item.toMs) })}
      </div>
    );
  }
  const vmId = item.kind === "event" ? item.event.vm_id : item.vmId;
  const { title, detail } = item.kind === "event" ? words(item.event) : { title: item.text, detail: "" };
  const severity = item.kind === "event" ? item.event.severity : "info";
  return (
    <div className="flex items-start gap-2.5 px-4 py-2">
      <span className="mt-0.5 shrink-0">
        <EventIcon event={item.kind === "event" ? item.event : null} size={16} />
      </span>
      <div className="min-w-0 flex-1">
        <p className={classNames("break-words", severity === "critical" && "font-medium text-crit")}>
          {title}
          {count > 1 ? <span className="ml-1.5 text-muted">×{count}</span> : null}
          {severity === "info" ? null : <span className="sr-only"> {t(`severity.${severity}`)}</span>}
        </p>
        {withMachine || detail !== "" ? (
          <p className="flex min-w-0 flex-wrap gap-x-1.5 text-muted text-sm">
            {withMachine ? <MachineName vmId={vmId} /> : null}
            {withMachine && detail !== "" ? <span aria-hidden>·</span> : null}
            <span className="break-words">{detail}</span>
          </p>
        ) : null}
      </div>
      <time dateTime={new Date(timeOf(item)).toISOString()} className="shrink-0 whitespace-nowrap pt-px text-muted text-sm">
        {format.moment(timeOf(item), nowMs)}
      </time>
    </div>
  );
}

function MachineName({ vmId }: { vmId: string }) {
  const row = useRow(vmId);
  return (
    <Link href={`/machines/${encodeURIComponent(vmId)}`} className="shrink-0 truncate hover:text-accent hover:underline">
      {row === undefined || row.name === vmId ? vmId : row.name}
    </Link>
  );
}
