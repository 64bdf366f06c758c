import { X } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Toaster, toast } from "sonner";
import { Link } from "wouter";
import { useLive, useRow, useShownTheme } from "../hooks.ts";
import { useCommandWords } from "../i18n/command-words.ts";
import { useEventWords } from "../i18n/event-words.ts";
import { useText } from "../i18n/use-text.ts";
import { isVendSuccess } from "../live/fleet-events.ts";
import type { Popup } from "../live/popup-center.ts";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { EventIcon } from "../ui/event-icon.tsx";

const popupsMax = 3;
const briefMs = 5_000;
const normalMs = 10_000;

/** What pops up over the page: at most three, bottom right, pausing under the pointer; F8 moves the focus to them. */
export function Popups() {
  const { popups } = useLive();
  const t = useText();
  const theme = useShownTheme();
  useEffect(() => popups.listen(show), [popups]);
  return (
    <Toaster
      theme={theme}
      position="bottom-right"
      visibleToasts={popupsMax}
      expand
      gap={8}
      hotkey={["F8"]}
      containerAriaLabel={t("popup.label")}
      offset={{ bottom: 20, right: 20 }}
      mobileOffset={{ bottom: 72, left: 12, right: 12 }}
      style={{ fontFamily: "inherit" }}
    />
  );
}

function show(popup: Popup): void {
  switch (popup.kind) {
    case "event": {
      const { event, critical } = popup;
      const duration = critical ? Number.POSITIVE_INFINITY : isVendSuccess(event.type) ? briefMs : normalMs;
      toast.custom((id) => <EventPopup id={id} popup={popup} />, { id: event.event_id, duration });
      return;
    }
    case "message":
      toast.custom((id) => <MessagePopup id={id} vmId={popup.vmId} text={popup.text} />, { id: popup.id, duration: normalMs });
      return;
    case "command":
      toast.custom((id) => <CommandPopup id={id} popup={popup} />, { id: popup.command.cmdId, duration: normalMs });
      return;
    case "summary":
      toast.custom((id) => <SummaryPopup id={id} count={popup.count} />, { id: "summary", duration: normalMs });
  }
}

interface CardProps {
  readonly id: string | number;
  readonly icon: ReactNode;
  readonly critical?: boolean;
  readonly title: string;
  readonly children: ReactNode;
}

function Card({ id, icon, critical = false, title, children }: CardProps) {
  const t = useText();
  return (
    <div
      role={critical ? "alert" : "status"}
      className={classNames(
        "flex w-full items-start gap-3 rounded-xl border bg-surface p-3.5 text-ink shadow-float sm:w-[356px]",
        critical && "border-crit",
      )}
    >
      <span className="mt-0.5 shrink-0">{icon}</span>
      <div className="min-w-0 flex-1">
        <p className={classNames("font-semibold", critical && "text-crit")}>{title}</p>
        <p className="break-words text-muted text-sm">{children}</p>
      </div>
      <Button look="quiet" size="icon" className="-mt-1.5 -mr-1.5 size-8" aria-label={t("common.close")} onClick={() => toast.dismiss(id)}>
        <X size={15} aria-hidden />
      </Button>
    </div>
  );
}

function MachineName({ id, vmId }: { id: string | number; vmId: string }) {
  const row = useRow(vmId);
  return (
    <Link
      href={`/machines/${encodeURIComponent(vmId)}`}
      onClick={() => toast.dismiss(id)}
      className="text-ink underline decoration-line underline-offset-4 hover:decoration-current"
    >
      {row?.name ?? vmId}
    </Link>
  );
}

function EventPopup({ id, popup }: { id: string | number; popup: Extract<Popup, { kind: "event" }> }) {
  const { title, detail } = useEventWords()(popup.event);
  return (
    <Card id={id} icon={<EventIcon event={popup.event} size={20} />} critical={popup.critical} title={title}>
      <MachineName id={id} vmId={popup.event.vm_id} />
      {detail === "" ? "" : ` · ${detail}`}
    </Card>
  );
}

function MessagePopup({ id, vmId, text }: { id: string | number; vmId: string; text: string }) {
  return (
    <Card id={id} icon={<EventIcon event={null} size={20} />} title={text}>
      <MachineName id={id} vmId={vmId} />
    </Card>
  );
}

function CommandPopup({ id, popup }: { id: string | number; popup: Extract<Popup, { kind: "command" }> }) {
  const t = useText();
  const { command } = popup;
  const name = useCommandWords()(command);
  return (
    <Card id={id} icon={<EventIcon event={null} size={20} />} title={`${name} · ${t(`command.state.${command.state}`)}`}>
      <MachineName id={id} vmId={command.vmId} />
      {command.detail === null ? "" : ` ${command.detail}`}
    </Card>
  );
}

function SummaryPopup({ id, count }: { id: string | number; count: number }) {
  const t = useText();
  return (
    <Card id={id} icon={<EventIcon event={null} size={20} />} title={t("popup.summary", { count })}>
      <Link href="/events" onClick={() => toast.dismiss(id)} className="text-ink underline decoration-line underline-offset-4">
        {t("popup.summary.open")}
      </Link>
    </Card>
  );
}
