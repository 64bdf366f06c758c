import type { FleetEvent } from "@fleetcast/protocol";
import { Megaphone, Siren, TriangleAlert, X } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useLive, useNotices, useRow, useServerNow } from "../hooks.ts";
import { useEventWords } from "../i18n/event-words.ts";
import { useFormat } from "../i18n/format.ts";
import { useText } from "../i18n/use-text.ts";
import type { Notice } from "../live/fleet-events.ts";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";

const collapsedMax = 2;

/** Notices for everybody stand above the page until each is dismissed; the two most urgent first, the rest on demand. */
export function NoticeBanner() {
  const t = useText();
  const { notices: board } = useLive();
  const notices = useNotices();
  const [all, setAll] = useState(false);
  if (notices.length === 0) return null;
  const shown = all ? notices : notices.slice(0, collapsedMax);
  return (
    <section aria-label={t("notice.label")} className="border-b bg-surface">
      <ul className={classNames("divide-y", all && "max-h-[50dvh] overflow-y-auto")}>
        {shown.map((notice) => (
          <li key={notice.id}>
            <NoticeLine notice={notice} onDismiss={() => board.dismiss(notice.id)} />
          </li>
        ))}
      </ul>
      {notices.length > collapsedMax ? (
        <div className="flex gap-2 border-t px-4 py-1.5 sm:px-6">
          <Button look="quiet" size="small" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? t("notice.fewer") : t("notice.more", { count: notices.length - collapsedMax })}
          </Button>
          <Button look="quiet" size="small" onClick={() => board.dismissAll()} className="ml-auto">
            {t("notice.dismissall")}
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function NoticeLine({ notice, onDismiss }: { notice: Notice; onDismiss: () => void }) {
  const t = useText();
  const format = useFormat();
  const now = useServerNow();
  const Icon = notice.critical ? Siren : notice.event === null ? Megaphone : TriangleAlert;
  const colour = notice.critical ? "text-crit" : notice.event === null ? "text-accent" : "text-warn";
  return (
    <div
      role={notice.critical ? "alert" : "status"}
      className={classNames("flex items-start gap-3 px-4 py-2.5 sm:px-6", colour)}
      style={{ background: "color-mix(in srgb, currentColor 9%, var(--surface))" }}
    >
      <Icon size={18} className="mt-0.5 shrink-0" aria-hidden />
      <p className="min-w-0 flex-1 text-ink">
        <span className={classNames("mr-2 font-semibold", colour)}>
          {notice.event === null ? notice.level || t("notice.broadcast") : t(`severity.${notice.event.severity}`)}
        </span>
        {notice.event === null ? <span className="break-words">{notice.content}</span> : <AlertWords event={notice.event} />}
        {notice.atMs === null ? null : <time className="ml-2 whitespace-nowrap text-muted text-sm">{format.moment(notice.atMs, now)}</time>}
      </p>
      <Button look="quiet" size="icon" className="-my-1.5 -mr-2" aria-label={t("notice.dismiss")} onClick={onDismiss}>
        <X size={16} aria-hidden />
      </Button>
    </div>
  );
}

function AlertWords({ event }: { event: FleetEvent }) {
  const { title, detail } = useEventWords()(event);
  const vmId = event.vm_id;
  const row = useRow(vmId);
  return (
    <>
      <Link
        href={`/machines/${encodeURIComponent(vmId)}`}
        className="font-medium underline decoration-line underline-offset-4 hover:decoration-current"
      >
        {row?.name ?? vmId}
      </Link>{" "}
      {title}
      {detail === "" ? null : <span className="text-muted"> {detail}</span>}
    </>
  );
}
