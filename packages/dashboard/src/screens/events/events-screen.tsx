import type { Severity } from "@fleetcast/protocol";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { Pause, Play } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { ApiError } from "../../api/client.ts";
import { useServerNow } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { FeedLine } from "../../ui/feed-line.tsx";
import { Input, Select } from "../../ui/field.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { type EventQuery, useEventList } from "./use-event-list.ts";

const severities: readonly Severity[] = ["critical", "warning", "info"];
const types = ["vend_success", "shake", "alarm", "door", "online", "offline"] as const;
const lineHeightPx = 61;

export default function EventsScreen() {
  const t = useText();
  useTitle(t("nav.events"));
  const codeText = useCodeText();
  const [parameters, setParameters] = useSearchParams();
  const query: EventQuery = {
    vmId: parameters.get("vm") ?? "",
    type: parameters.get("type") ?? "",
    severity: severities.find((value) => value === parameters.get("severity")) ?? "",
  };
  const list = useEventList(query);
  const set = (name: string, value: string) =>
    setParameters(
      (current) => {
        const next = new URLSearchParams(current);
        if (value === "") next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );

  return (
    <div className="mx-auto grid max-w-4xl gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="mr-auto font-semibold text-xl">{t("nav.events")}</h1>
        <Button size="small" onClick={() => list.setPaused(!list.paused)} aria-pressed={list.paused}>
          {list.paused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
          {list.paused ? t("events.resume", { count: list.waiting }) : t("events.pause")}
        </Button>
      </div>
      <search className="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
        <Input
          type="search"
          aria-label={t("events.machine")}
          placeholder={t("events.machine")}
          defaultValue={query.vmId}
          onChange={(event) => set("vm", event.target.value.trim())}
          className="col-span-2 sm:w-56"
        />
        <Select aria-label={t("events.type")} value={query.type} onChange={(event) => set("type", event.target.value)}>
          <option value="">{t("events.type.any")}</option>
          {types.map((type) => (
            <option key={type} value={type}>
              {codeText("event", type)}
            </option>
          ))}
        </Select>
        <Select aria-label={t("events.severity")} value={query.severity} onChange={(event) => set("severity", event.target.value)}>
          <option value="">{t("events.severity.any")}</option>
          {severities.map((severity) => (
            <option key={severity} value={severity}>
              {t(`severity.${severity}`)}
            </option>
          ))}
        </Select>
      </search>
      {list.error === null ? null : (
        <div role="alert" className="flex items-center gap-3 rounded-xl border border-warn bg-surface px-4 py-2.5">
          <span className="flex-1">{codeText("err", list.error instanceof ApiError ? list.error.code : "bad_answer")}</span>
          <Button size="small" onClick={list.retry}>
            {t("common.retry")}
          </Button>
        </div>
      )}
      <EventLines list={list} />
    </div>
  );
}

function EventLines({ list }: { list: ReturnType<typeof useEventList> }) {
  const t = useText();
  const format = useFormat();
  const now = useServerNow();
  const box = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const measure = () => box.current !== null && setMargin(Math.round(box.current.getBoundingClientRect().top + window.scrollY));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  // Whoever scrolls away from the top reads: new lines wait until they are asked for.
  const { setPaused } = list;
  useEffect(() => {
    const scrolled = () => {
      if (window.scrollY > margin + lineHeightPx) setPaused(true);
    };
    window.addEventListener("scroll", scrolled, { passive: true });
    return () => window.removeEventListener("scroll", scrolled);
  }, [margin, setPaused]);
  const { lines } = list;
  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: () => lineHeightPx,
    overscan: 10,
    scrollMargin: margin,
    getItemKey: (index) => lines[index]!.item.id,
  });

  if (lines.length === 0)
    return (
      <p className="rounded-xl border bg-surface py-14 text-center text-muted">{list.loading ? t("common.loading") : t("feed.empty")}</p>
    );
  return (
    <div className="overflow-hidden rounded-xl border bg-surface">
      <div ref={box} role="log" aria-label={t("nav.events")} className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => (
          <div
            key={item.key}
            ref={virtualizer.measureElement}
            data-index={item.index}
            className="absolute inset-x-0 top-0 border-b"
            style={{ transform: `translateY(${item.start - virtualizer.options.scrollMargin}px)` }}
          >
            <FeedLine line={lines[item.index]!} nowMs={now} withMachine />
          </div>
        ))}
      </div>
      <div className="flex items-center justify-center gap-3 px-4 py-3 text-muted text-sm">
        {list.trimmed ? t("feed.latest", { count: format.integer(list.linesMax) }) : null}
        {list.hasMore && !list.trimmed ? (
          <Button size="small" onClick={list.loadMore} disabled={list.loading}>
            {t("events.more")}
          </Button>
        ) : null}
      </div>
    </div>
  );
}
