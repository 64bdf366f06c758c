import { type Clock, ProxyAnswerUnusable } from "@fleetcast/engine";
import type { Logger } from "../log.ts";
import { ProxyFailure } from "./proxy-failure.ts";

/** A line for a failing backend comes this often at most; a storm of clients must not become a storm of lines. */
const lineIntervalMs = 1_000;

/**
 * Writes what the engine reports. What a backend did wrong is a warning, counted and said once a second for each backend and
 * question; all else is our own error, and written as it comes.
 */
export function engineReport(log: Logger, clock: Pick<Clock, "monotonicMs">): (message: string, cause: unknown) => void {
  const lines = new Map<string, { atMs: number; unsaid: number }>();
  return (message, cause) => {
    const key = subjectOf(cause);
    if (key === undefined) {
      log.error({ cause }, message);
      return;
    }
    const nowMs = clock.monotonicMs();
    const line = lines.get(key) ?? { atMs: Number.NEGATIVE_INFINITY, unsaid: 0 };
    lines.set(key, line);
    if (nowMs - line.atMs < lineIntervalMs) {
      line.unsaid++;
      return;
    }
    const more = line.unsaid === 0 ? {} : { others_unsaid: line.unsaid };
    log.warn({ cause, ...more }, message);
    line.atMs = nowMs;
    line.unsaid = 0;
  };
}

/** Whose mistake it is, where it is a backend's. */
function subjectOf(cause: unknown): string | undefined {
  if (cause instanceof ProxyFailure) return `${cause.type} ${cause.proxy}`;
  return cause instanceof ProxyAnswerUnusable ? "an answer" : undefined;
}
