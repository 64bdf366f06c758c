/** What the signals do to a running process; handed in so that a test owns it. */
export interface SignalPorts {
  /** Begins to drain; called once. */
  readonly stop: (signal: string) => void;
  /** Ends at once with code 1. */
  readonly force: () => void;
  readonly monotonicMs: () => number;
}

/** A terminal signals the whole group and a launcher may repeat it: a second one this soon is the same wish. */
export const repeatIgnoredMs = 1_000;

/** SIGTERM and SIGINT alike: the first drains, one within a second is the same, a later one forces. */
export function createSignalHandler(ports: SignalPorts): (signal: string) => void {
  let firstMs: number | undefined;
  return (signal) => {
    if (firstMs === undefined) {
      firstMs = ports.monotonicMs();
      ports.stop(signal);
    } else if (ports.monotonicMs() - firstMs >= repeatIgnoredMs) {
      ports.force();
    }
  };
}
