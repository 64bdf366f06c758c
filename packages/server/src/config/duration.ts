/**
 * Durations as Go writes them ("25s", "1h30m", "300ms"), because Centrifugo's files do. The configuration counts in
 * milliseconds, as numbers that may have a fraction.
 */
const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Go's own ceiling, 2^63-1 nanoseconds: about 292 years. */
const durationMsMax = 9_223_372_036_854;

/** Answers undefined for what is not a duration: no unit, negative, exponent, out of range. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) return undefined;
  const totalMs = parts.reduce((sum, part) => sum + Number(part[1]) * unitMs[part[2]!]!, 0);
  return totalMs <= durationMsMax ? totalMs : undefined;
}

/** The shortest spelling a person would write: 86,400,000 is "24h", 1,500 is "1500ms". */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  for (const unit of ["h", "m", "s"]) {
    if (ms % unitMs[unit]! === 0) return `${ms / unitMs[unit]!}${unit}`;
  }
  return `${ms}ms`;
}
