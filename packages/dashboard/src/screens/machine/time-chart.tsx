import type { SeriesField } from "@fleetcast/protocol";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { useLive, useShownTheme } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useText } from "../../i18n/use-text.ts";
import { chartColumns, chartSummary, windowStart } from "../../live/chart-columns.ts";
import type { MachineSession } from "../../live/machine-session.ts";
import { chartOptions, doorOpenPlugin } from "./chart-options.ts";
import "uplot/dist/uPlot.min.css";

interface TimeChartProps {
  readonly session: MachineSession;
  readonly field: SeriesField;
  readonly label: string;
  readonly unit: string;
  readonly spanMin: number;
  readonly rangeMs: number;
  /** Before this there was no machine, so that time is not drawn. */
  readonly firstSeenMs: number | null;
  readonly width: number;
  readonly reportIntervalMs: number | null;
  readonly loading: boolean;
}

const heightPx = 210;
/** A pause of three reports is a gap; without a known interval, five minutes. */
const gapReports = 3;
const gapUnknownMs = 300_000;

/**
 * One quantity, drawn outside of React: the flush loop hands over what is new at most four times a second, and the window
 * slides along with the server's clock.
 */
export function TimeChart({
  session,
  field,
  label,
  unit,
  spanMin,
  rangeMs,
  firstSeenMs,
  width,
  reportIntervalMs,
  loading,
}: TimeChartProps) {
  const t = useText();
  const format = useFormat();
  const theme = useShownTheme();
  const live = useLive();
  const place = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const onCursor = useRef<() => void>(() => {});
  const [empty, setEmpty] = useState(false);
  const [summary, setSummary] = useState("");

  useEffect(() => {
    const element = place.current;
    if (element === null || width === 0) return;
    const ring = session.timeline.ring(field);
    const chart = new uPlot(
      {
        ...chartOptions({ width, height: heightPx, label, unit, theme, format, spanMin }),
        plugins: [doorOpenPlugin(session.timeline.ring("door_closed"), theme)],
        hooks: { setCursor: [() => onCursor.current()] },
      },
      [[], [], [], []],
      element,
    );
    const say = (index: number | null) => {
      const value = index === null ? null : chart.data[1]?.[index];
      const time = index === null ? null : chart.data[0]?.[index];
      const target = readout.current;
      if (target === null) return;
      target.textContent =
        value === null || value === undefined || time === null || time === undefined
          ? ""
          : `${format.decimal(value)} ${unit} · ${format.time(time * 1_000)}`;
    };
    // Under the cursor, or the newest while nobody points; this chart's cursor also follows the other chart's.
    const readOut = () => {
      const pointed = (chart.cursor.left ?? -1) >= 0;
      const newest = (chart.data[0]?.length ?? 0) - 1;
      say(pointed ? (chart.cursor.idx ?? null) : newest < 0 ? null : newest);
    };
    onCursor.current = readOut;
    let drawnVersion = -1;
    let drawnMs = 0;
    let saidVersion = -1;
    const draw = () => {
      const nowMs = live.serverClock.now();
      const { version } = session.timeline;
      if (version === drawnVersion && nowMs - drawnMs < 1_000) return;
      const fromMs = windowStart(nowMs, rangeMs, firstSeenMs);
      const gapMs = Math.max(reportIntervalMs === null ? gapUnknownMs : reportIntervalMs * gapReports, (rangeMs / 300) * 3);
      const columns = chartColumns(ring, fromMs, nowMs, gapMs);
      chart.batch(() => {
        chart.setData([columns.t, columns.avg, columns.max, columns.min], false);
        chart.setScale("x", { min: fromMs / 1_000, max: nowMs / 1_000 });
      });
      readOut();
      drawnVersion = version;
      drawnMs = nowMs;
      setEmpty(columns.t.length === 0);
      if (version !== saidVersion) {
        saidVersion = version;
        const words = chartSummary(ring, fromMs, nowMs);
        setSummary(
          words === null
            ? t("chart.empty")
            : t("chart.summary", {
                label,
                unit,
                min: format.decimal(words.min),
                max: format.decimal(words.max),
                last: format.decimal(words.last),
              }),
        );
      }
    };
    draw();
    const remove = live.loop.add(draw);
    // A machine that is silent marks nothing, but its window slides on all the same.
    const slide = window.setInterval(() => live.loop.mark("batched"), 1_000);
    return () => {
      window.clearInterval(slide);
      remove();
      onCursor.current = () => {};
      chart.destroy();
    };
  }, [session, field, label, unit, spanMin, rangeMs, firstSeenMs, width, reportIntervalMs, theme, format, live, t]);

  return (
    <>
      <figcaption className="mb-1 flex items-baseline justify-between gap-3">
        <span className="font-medium">{label}</span>
        <span ref={readout} className="live-value text-muted text-sm" aria-hidden />
      </figcaption>
      <p className="sr-only">{summary}</p>
      <div className="relative" style={{ height: heightPx }}>
        <div ref={place} aria-hidden />
        {empty ? (
          <p className="absolute inset-0 grid place-items-center text-muted text-sm">{loading ? t("common.loading") : t("chart.empty")}</p>
        ) : null}
      </div>
    </>
  );
}
