/**
 * How often a machine speaks is learned from it: the smoothed distance between its telemetry messages. Silence is judged
 * against it (three of them, at least 90 s), and the screens call a value stale by it.
 */
export const defaultReportIntervalMs = 30_000;
const intervalMsMin = 1_000;
const intervalMsMax = 60 * 60 * 1_000;
const silenceMsMin = 90_000;
/** One long pause must not make a lively machine look slow. */
const stretchMax = 4;

export interface ReportInterval {
  /** 0 until a distance was seen. */
  ms: number;
  /** Monotonic; -1 before the first telemetry. */
  lastMs: number;
}

export function newReportInterval(): ReportInterval {
  return { ms: 0, lastMs: -1 };
}

export function learnInterval(interval: ReportInterval, nowMs: number): void {
  if (interval.lastMs >= 0) {
    const distance = nowMs - interval.lastMs;
    if (interval.ms === 0) interval.ms = distance;
    else interval.ms += (Math.min(distance, interval.ms * stretchMax + intervalMsMin) - interval.ms) / 5;
  }
  interval.lastMs = nowMs;
}

export function reportIntervalMs(interval: ReportInterval): number {
  if (interval.ms === 0) return defaultReportIntervalMs;
  return Math.round(Math.min(intervalMsMax, Math.max(intervalMsMin, interval.ms)));
}

export function silenceLimitMs(interval: ReportInterval): number {
  return Math.max(3 * reportIntervalMs(interval), silenceMsMin);
}
