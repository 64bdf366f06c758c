import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { MessageKey } from "../../i18n/i18n.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import type { MachineSession } from "../../live/machine-session.ts";
import { Button } from "../../ui/button.tsx";
import { TimeChart } from "./time-chart.tsx";

interface ChartsProps {
  readonly session: MachineSession;
  readonly rangeMs: number;
  readonly reportIntervalMs: number | null;
  readonly firstSeenMs: number | null;
}

const charts: readonly {
  readonly field: "temp_c" | "voltage_v";
  readonly label: MessageKey;
  readonly unit: string;
  readonly spanMin: number;
}[] = [
  { field: "temp_c", label: "column.temp", unit: "°C", spanMin: 2 },
  { field: "voltage_v", label: "column.voltage", unit: "V", spanMin: 10 },
];

/** The quantities over one time window, one below the other, with one cursor. */
export function MachineCharts({ session, rangeMs, reportIntervalMs, firstSeenMs }: ChartsProps) {
  const t = useText();
  const codeText = useCodeText();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const phase = useSyncExternalStore(session.subscribe, () => session.phase);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (width > 0) session.show(rangeMs, width);
  }, [session, rangeMs, width]);

  return (
    <div className="grid gap-3 xl:grid-cols-2">
      {phase.name === "failed" ? (
        <div role="alert" className="flex flex-wrap items-center gap-3 rounded-xl border border-warn bg-surface px-4 py-2.5 xl:col-span-2">
          <span className="flex-1">
            {t("machine.series.failed")} {codeText("err", phase.code)}
          </span>
          <Button size="small" onClick={() => session.reload()}>
            {t("common.retry")}
          </Button>
        </div>
      ) : null}
      {charts.map(({ field, label, unit, spanMin }, index) => (
        <figure key={field} className="m-0 min-w-0 rounded-xl border bg-surface p-4">
          <div ref={index === 0 ? box : null}>
            <TimeChart
              session={session}
              field={field}
              label={t(label)}
              unit={unit}
              spanMin={spanMin}
              rangeMs={rangeMs}
              firstSeenMs={firstSeenMs}
              width={width}
              reportIntervalMs={reportIntervalMs}
              loading={phase.name === "loading"}
            />
          </div>
        </figure>
      ))}
    </div>
  );
}
