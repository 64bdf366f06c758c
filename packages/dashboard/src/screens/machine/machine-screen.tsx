import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { Tabs } from "radix-ui";
import { type ReactNode, useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { ApiError } from "../../api/client.ts";
import { useLive, usePlace } from "../../hooks.ts";
import type { MessageKey } from "../../i18n/i18n.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { MachineSession } from "../../live/machine-session.ts";
import { Button } from "../../ui/button.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { CommandsTab } from "./commands-tab.tsx";
import { EventsTab } from "./events-tab.tsx";
import { MachineCharts } from "./machine-charts.tsx";
import { MachineHeader } from "./machine-header.tsx";
import { RawTab } from "./raw-tab.tsx";

const ranges = { "15m": 900_000, "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000 } as const;
type RangeName = keyof typeof ranges;
const rangeNames = Object.keys(ranges) as RangeName[];
const tabs = ["events", "commands", "raw"] as const;
type TabName = (typeof tabs)[number];
const tabLabels: Record<TabName, MessageKey> = { events: "machine.tab.events", commands: "machine.tab.commands", raw: "machine.tab.raw" };

export default function MachineScreen({ vmId }: { vmId: string }) {
  const t = useText();
  const { api } = useLive();
  usePlace("machine", vmId);
  const [parameters, setParameters] = useSearchParams();
  const range = rangeNames.find((name) => name === parameters.get("range")) ?? "15m";
  const tab = tabs.find((name) => name === parameters.get("tab")) ?? "events";
  const machine = useQuery({ queryKey: ["machine", vmId], queryFn: () => api.machine(vmId) });
  const session = useMachineSession(vmId, ranges[range]);
  useTitle(machine.data?.name ?? vmId);

  useEffect(() => {
    if (machine.data !== undefined && session !== null) session.takeMachine(machine.data);
  }, [machine.data, session]);

  const set = (name: string, value: string, standard: string) =>
    setParameters(
      (current) => {
        const next = new URLSearchParams(current);
        if (value === standard) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );

  if (machine.error instanceof ApiError && machine.error.status === 404) return <NoSuchMachine vmId={vmId} />;
  return (
    <div className="grid gap-4">
      <Link
        href="/"
        className="-ml-1 inline-flex w-fit items-center gap-1.5 rounded-md px-1 text-muted text-sm hover:text-ink pointer-coarse:py-2"
      >
        <ArrowLeft size={15} aria-hidden />
        {t("nav.fleet")}
      </Link>
      <MachineHeader vmId={vmId} machine={machine.data ?? null} session={session} />
      {machine.error === null ? null : <LoadProblem error={machine.error} onRetry={() => void machine.refetch()} />}
      <section aria-label={t("machine.charts")} className="grid gap-3">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <h2 className="font-semibold text-lg">{t("machine.charts")}</h2>
          <Segmented
            label={t("machine.range")}
            value={range}
            onChange={(value) => set("range", value, "15m")}
            options={rangeNames.map((value) => ({ value, label: t(`machine.range.${value}`) }))}
          />
        </div>
        {session === null ? null : (
          <MachineCharts
            session={session}
            rangeMs={ranges[range]}
            reportIntervalMs={machine.data?.report_interval_ms ?? null}
            firstSeenMs={machine.data?.first_seen_ms ?? null}
          />
        )}
      </section>
      <Tabs.Root value={tab} onValueChange={(value) => set("tab", value, "events")} className="min-w-0 rounded-xl border bg-surface">
        <Tabs.List aria-label={t("machine.tabs")} className="flex gap-1 border-b px-2">
          {tabs.map((name) => (
            <Tabs.Trigger
              key={name}
              value={name}
              className="-mb-px h-11 border-transparent border-b-2 px-3 text-muted hover:text-ink data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
            >
              {t(tabLabels[name])}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {session === null ? null : (
          <>
            <Panel name="events">
              <EventsTab session={session} />
            </Panel>
            <Panel name="commands">
              <CommandsTab vmId={vmId} />
            </Panel>
            <Panel name="raw">
              <RawTab session={session} />
            </Panel>
          </>
        )}
      </Tabs.Root>
    </div>
  );
}

function Panel({ name, children }: { name: TabName; children: ReactNode }) {
  return (
    <Tabs.Content value={name} className="outline-none focus-visible:ring-2 focus-visible:ring-accent">
      {children}
    </Tabs.Content>
  );
}

/** One session a page: opened after the first paint, closed when the page is left. */
function useMachineSession(vmId: string, rangeMs: number): MachineSession | null {
  const live = useLive();
  const [session, setSession] = useState<MachineSession | null>(null);
  const [firstRangeMs] = useState(rangeMs);
  useEffect(() => {
    const opened = new MachineSession(live, vmId, firstRangeMs);
    opened.open();
    setSession(opened);
    return () => opened.close();
  }, [live, vmId, firstRangeMs]);
  return session;
}

function NoSuchMachine({ vmId }: { vmId: string }) {
  const t = useText();
  return (
    <div className="grid justify-items-center gap-3 py-24 text-center">
      <h1 className="font-semibold text-xl">{t("machine.missing", { id: vmId })}</h1>
      <p className="max-w-prose text-muted">{t("machine.missing.text")}</p>
      <Link href="/" className="text-accent underline underline-offset-4">
        {t("notfound.back")}
      </Link>
    </div>
  );
}

function LoadProblem({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const t = useText();
  const codeText = useCodeText();
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 rounded-xl border border-warn bg-surface px-4 py-2.5">
      <span className="flex-1">{codeText("err", error instanceof ApiError ? error.code : "bad_answer")}</span>
      <Button size="small" onClick={onRetry}>
        {t("common.retry")}
      </Button>
    </div>
  );
}
