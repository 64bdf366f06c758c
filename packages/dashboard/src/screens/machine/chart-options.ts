import type uPlot from "uplot";
import type { Format } from "../../i18n/format.ts";
import type { SeriesRing } from "../../live/series-ring.ts";

interface ChartLook {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly unit: string;
  readonly theme: "light" | "dark";
  readonly format: Format;
  /** The least height of the value axis, so that noise does not fill the chart. */
  readonly spanMin: number;
}

const cursorGroup = "machine";
const font = '11px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** Mean as a line, minimum to maximum as a band behind it; nothing that is not data draws attention. */
export function chartOptions({ width, height, label, unit, format, spanMin }: ChartLook): uPlot.Options {
  const colour = tokenColours();
  const axis: uPlot.Axis = {
    stroke: colour.muted,
    font,
    grid: { stroke: colour.line, width: 1, dash: [2, 4] },
    ticks: { show: false },
    border: { show: false },
  };
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: cursorGroup, setSeries: false },
      drag: { x: false, y: false },
      points: { size: 7, fill: colour.accent, stroke: colour.surface, width: 2 },
      y: false,
    },
    scales: { x: { time: true }, y: { range: (_, min, max) => padded(min, max, spanMin) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        gap: 6,
        space: 64,
        values: (_, splits) => splits.map((seconds, i) => tickText(seconds, splits[i - 1], format)),
      },
      {
        ...axis,
        size: 46,
        gap: 6,
        values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? String(value) : value.toFixed(1))),
      },
    ],
    series: [
      {},
      {
        label: `${label} (${unit})`,
        stroke: colour.accent,
        width: 1.75,
        points: { size: 5, fill: colour.accent, filter: lonelySamples },
        spanGaps: false,
      },
      { stroke: "transparent", width: 0, points: { show: false }, spanGaps: false },
      { stroke: "transparent", width: 0, points: { show: false }, spanGaps: false },
    ],
    bands: [{ series: [2, 3], fill: withAlpha(colour.accent, 0.16) }],
  };
}

/** Shades the time in which the door stood open, behind everything else. */
export function doorOpenPlugin(door: SeriesRing, _theme: "light" | "dark"): uPlot.Plugin {
  const colour = withAlpha(tokenColours().warn, 0.14);
  return {
    hooks: {
      drawClear: (chart) => {
        const { ctx, bbox } = chart;
        ctx.save();
        ctx.fillStyle = colour;
        for (const [fromMs, toMs] of openWindows(door)) {
          const left = Math.max(bbox.left, chart.valToPos(fromMs / 1_000, "x", true));
          const right = Math.min(bbox.left + bbox.width, chart.valToPos(toMs / 1_000, "x", true));
          if (right > left) ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
        }
        ctx.restore();
      },
    },
  };
}

/** From when to when the door was open: a sample that was not closed all of its time opens, the next closed one ends it. */
export function openWindows(door: SeriesRing): [number, number][] {
  const windows: [number, number][] = [];
  let openedMs: number | null = null;
  for (let i = 0; i < door.length; i++) {
    const open = door.minAt(i) < 1;
    if (open) openedMs ??= door.timeAt(i);
    else if (openedMs !== null) {
      windows.push([openedMs, door.timeAt(i)]);
      openedMs = null;
    }
  }
  if (openedMs !== null) windows.push([openedMs, door.timeAt(door.length - 1)]);
  return windows;
}

/** A sample with nothing beside it makes no line; it is drawn as a point, or a machine's first message would not show. */
function lonelySamples(chart: uPlot, seriesIndex: number): number[] {
  const values = chart.data[seriesIndex] ?? [];
  const lonely: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) lonely.push(i);
  }
  return lonely;
}

/** Room above and below, and never so little height that noise fills the chart. */
function padded(min: number | null, max: number | null, spanMin: number): uPlot.Range.MinMax {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  const span = Math.max(max - min, spanMin);
  const middle = (min + max) / 2;
  return [middle - span * 0.62, middle + span * 0.62];
}

function tickText(seconds: number, previous: number | undefined, format: Format): string {
  const text = format.time(seconds * 1_000);
  const wholeMinute = seconds % 60 === 0 && (previous === undefined || previous % 60 === 0);
  return wholeMinute ? text.slice(0, 5) : text;
}

function tokenColours(): Record<"accent" | "muted" | "line" | "surface" | "warn", string> {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return { accent: token("accent"), muted: token("muted"), line: token("line"), surface: token("surface"), warn: token("warn") };
}

function withAlpha(hex: string, alpha: number): string {
  const value = Number.parseInt(hex.replace("#", ""), 16);
  return `rgba(${(value >> 16) & 255}, ${(value >> 8) & 255}, ${value & 255}, ${alpha})`;
}
