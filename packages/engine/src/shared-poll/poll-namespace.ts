import type { SharedPollChannelOptions } from "../options.ts";
import type { SharedPollRefreshProxy } from "../proxies.ts";

/** What a namespace of type shared_poll works with. */
export interface PollNamespace {
  readonly refresh: SharedPollRefreshProxy;
  /** The backend gives versions and is told them; otherwise the engine counts changes by itself. */
  readonly isVersioned: boolean;
  readonly intervalMs: number;
  readonly batchKeysMax: number;
  readonly keysPerConnectionMax: number;
  /** How long a channel that nobody follows is remembered. */
  readonly shutdownDelayMs: number;
  /** How long a key is followed after its signature expired. */
  readonly expiredKeyDelayMs: number;
  readonly publishEnabled: boolean;
}

/** Where an option says nothing, Centrifugo's own value holds. */
export function pollTermsOf(options: SharedPollChannelOptions): Omit<PollNamespace, "refresh"> {
  return {
    isVersioned: options.mode === "versioned",
    intervalMs: positive(options.refreshIntervalMs, 10_000),
    batchKeysMax: positive(options.refreshBatchSize, 1_000),
    keysPerConnectionMax: positive(options.keysPerConnectionMax, 5_000),
    // Negative: at once.
    shutdownDelayMs: options.channelShutdownDelayMs === 0 ? 1_000 : Math.max(0, options.channelShutdownDelayMs),
    expiredKeyDelayMs: positive(options.trackExpiredExtraDelayMs, 25_000),
    publishEnabled: options.publishEnabled,
  };
}

function positive(value: number, otherwise: number): number {
  return value > 0 ? value : otherwise;
}
