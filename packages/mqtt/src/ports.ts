/**
 * What this package needs from outside, cut to the bone. The engine's `Clock` and `Chance` and the server's `Logger`
 * fit these by shape, so nothing here imports them.
 */
export interface MqttClock {
  /** Monotonic milliseconds. */
  monotonicMs(): number;
  /** Unix milliseconds: whether a certificate has ended. */
  wallMs(): number;
  /** Runs `task` once after `delayMs`; the answer cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
  /** Runs `task` after the current tick's work: acknowledgements gathered in one tick are written once. */
  soon(task: () => void): void;
}

/** [0, 1): jitter of reconnects. */
export interface MqttChance {
  random(): number;
}

export interface MqttLogger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const nothing = (): void => undefined;
export const silentLogger: MqttLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
