import { createFleet, type Fleet, type FleetOptions } from "./fleet.ts";

export interface SimulatorOptions extends FleetOptions {
  /** Called about once in this time with what the fleet did; absent: never. */
  readonly report?: { readonly everyMs: number; readonly show: (line: string) => void } | undefined;
}

/** A running simulation. `stop` ends it cleanly: machines say offline. */
export interface RunningSimulator {
  readonly fleet: Fleet;
  stop(): Promise<void>;
}

/** What `fleetcast simulate` and `npm start` call: starts a fleet and reports on it until it is stopped. */
export async function runSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const fleet = createFleet(options);
  let cancelReport = (): void => undefined;
  const reportLater = (): void => {
    const { report } = options;
    if (report === undefined) return;
    cancelReport = options.clock.schedule(report.everyMs, () => {
      const { connected, published, acknowledged, dropped, commands } = fleet.stats;
      report.show(
        `${connected} of ${fleet.vmIds.length} machines connected, ${published} messages sent, ${acknowledged} acknowledged, ` +
          `${dropped} dropped, ${commands} commands`,
      );
      reportLater();
    });
  };
  await fleet.start();
  reportLater();
  return {
    fleet,
    stop: async () => {
      cancelReport();
      await fleet.stop();
    },
  };
}
