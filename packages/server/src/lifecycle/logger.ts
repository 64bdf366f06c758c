import pino from "pino";
import type { Config } from "../config/config.ts";
import type { Logger } from "../log.ts";

/** Longest text of one field (H14): a log line stays a line whatever a name or an error carries. */
const fieldLengthMax = 1_024;
/** Names of fields that never carry their value (S20). The rooms log no secrets; this is the second fence. */
const secretFields = /^(token|authorization|x-api-key|api_key|apikey|password|secret|cookie)$/i;

export interface ProcessLogger extends Logger {
  /**
   * Resolves when everything is written, or cannot be; before the process ends. (The destination's own `flushSync` leaves a
   * line behind that is just being written: the last one, which says why.)
   */
  flush(): Promise<void>;
  /**
   * Drops what is not written and says nothing more. Without it the destination writes the rest while the process exits, and where
   * the disk is full it tries again for ever.
   */
  abandon(): void;
}

/**
 * JSON lines to standard output or to `log.file`. A reader that goes away (EPIPE) or a full disk costs log lines, never the
 * process (F30): the errors of the destination end here.
 */
export function createLogger(log: Config["log"], tell: (line: string) => void = () => {}): ProcessLogger {
  const destination = pino.destination({ dest: log.file === "" ? 1 : log.file, sync: false, minLength: 1, mkdir: true });
  destination.on("error", () => {
    // Nowhere left to say it.
  });
  const logger = pino(
    {
      level: log.level === "none" ? "silent" : log.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (fields, message) => logger.debug(tamed(fields), message),
    info: (fields, message) => logger.info(tamed(fields), message),
    warn: (fields, message) => {
      logger.warn(tamed(fields), message);
      tell(`warning: ${message}`);
    },
    error: (fields, message) => {
      logger.error(tamed(fields), message);
      tell(`error: ${message}${fields["cause"] instanceof Error ? ` (${cut(fields["cause"].message)})` : ""}`);
    },
    flush: () =>
      new Promise((resolve) => {
        destination.once("error", () => resolve());
        try {
          destination.flush(() => resolve());
        } catch {
          // The destination never opened, or is gone.
          resolve();
        }
      }),
    abandon: () => {
      logger.level = "silent";
      destination.destroy();
    },
  };
}

/** How deep fields are looked into; what lies deeper is left out. */
const depthMax = 4;

function tamed(fields: Readonly<Record<string, unknown>>, depth = depthMax): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) copy[name] = secretFields.test(name) ? "(secret)" : tamedValue(value, depth);
  return copy;
}

function tamedValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return cut(value);
  if (value instanceof Error) return describeError(value, depthMax);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "(deeper)";
  if (Array.isArray(value)) return value.map((item) => tamedValue(item, depth - 1));
  // What writes itself (dates, buffers) is no bag of fields.
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value;
  return tamed(value as Record<string, unknown>, depth - 1);
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  const cause = error.cause;
  return {
    type: error.name,
    message: cut(error.message),
    ...(error.stack === undefined ? {} : { stack: cut(error.stack) }),
    ...(cause === undefined || depth === 0 ? {} : { cause: cause instanceof Error ? describeError(cause, depth - 1) : cut(String(cause)) }),
  };
}

/** Secrets as they stand inside of texts that others made: addresses with a password, keys in a query, headers. */
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/[^\s:@/]*):[^\s@/]+@/g, "$1:(secret)@"],
  [/\b(api_key|apikey|access_token|token|password|secret)=[^\s&"']+/gi, "$1=(secret)"],
  [/\b(bearer|apikey|token)\s+[A-Za-z0-9._~+/=-]{16,}/gi, "$1 (secret)"],
];

function cut(whole: string): string {
  // Before it is cut: half a secret is one, too. Nothing else of a long text would be kept anyway.
  let text = whole.slice(0, fieldLengthMax * 2);
  for (const [pattern, instead] of secretTexts) text = text.replace(pattern, instead);
  return text.length <= fieldLengthMax ? text : `${text.slice(0, fieldLengthMax)}...`;
}
