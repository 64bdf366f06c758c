import { connectWithMqttJs } from "./mqtt-link.ts";
import type { ConnectDevice, SimulatorClock } from "./ports.ts";
import { defaultTopicPatterns, type TopicPatterns, topicsOf } from "./topics.ts";
import { type FleetCounters, VirtualMachine } from "./virtual-machine.ts";

export interface FleetOptions {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  readonly count: number;
  /** Default `VM-SH-`. */
  readonly prefix?: string | undefined;
  /** Default 1: `VM-SH-001`, `VM-SH-002`, ... */
  readonly firstNumber?: number | undefined;
  /** Between two readings of one machine. Default 2,000. */
  readonly intervalMs?: number | undefined;
  /** The same seed and clock give the same fleet, byte for byte. Default 1. */
  readonly seed?: number | undefined;
  readonly clock: SimulatorClock;
  /** A machine's user name (else its id) and password. */
  readonly credentials?: ((vmId: string) => { readonly username?: string; readonly password: string } | undefined) | undefined;
  /** Default true. */
  readonly answerCommands?: boolean | undefined;
  /** [0, 1]: share of commands that fail. Default 0. */
  readonly failRate?: number | undefined;
  /** QoS of telemetry; events, status and acknowledgements always have 1. Default 1. */
  readonly qos?: 0 | 1 | undefined;
  /** How often sales and shakes happen, 1 as in life. Default 1. */
  readonly liveliness?: number | undefined;
  readonly topics?: Partial<TopicPatterns> | undefined;
  /** Default: over the `mqtt` library. */
  readonly connect?: ConnectDevice | undefined;
}

export interface Fleet {
  readonly vmIds: readonly string[];
  readonly stats: Readonly<FleetCounters>;
  /** Begins to connect the machines, a few milliseconds apart; resolves when all were told to. */
  start(): Promise<void>;
  /** Each machine says that it goes offline and disconnects; what does not end within 3 s is left. */
  stop(): Promise<void>;
  machine(vmId: string): VirtualMachine | undefined;
}

/** Between the starts of two machines: a site does not switch on everything in the same millisecond. */
const startSpacingMs = 4;
const stopLimitMs = 3_000;
const machinesMax = 20_000;

/** @throws RangeError for options that make no fleet. */
export function createFleet(options: FleetOptions): Fleet {
  const { count, prefix = "VM-SH-", firstNumber = 1, intervalMs = 2_000, clock, failRate = 0 } = options;
  if (!Number.isInteger(count) || count < 1 || count > machinesMax) throw new RangeError(`count must be 1 to ${machinesMax}, is ${count}`);
  if (!Number.isInteger(firstNumber) || firstNumber < 0) throw new RangeError(`firstNumber must not be negative, is ${firstNumber}`);
  if (!(intervalMs >= 10)) throw new RangeError(`intervalMs must be at least 10, is ${intervalMs}`);
  if (!(failRate >= 0 && failRate <= 1)) throw new RangeError(`failRate must be 0 to 1, is ${failRate}`);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,52}$/.test(prefix)) throw new RangeError(`not usable in a machine's name: ${JSON.stringify(prefix)}`);

  const vmIds = Array.from({ length: count }, (_, index) => `${prefix}${String(firstNumber + index).padStart(3, "0")}`);
  const counters: FleetCounters = { connected: 0, published: 0, acknowledged: 0, dropped: 0, commands: 0 };
  const patterns = { ...defaultTopicPatterns, ...options.topics };
  const machines = new Map(
    vmIds.map((vmId) => {
      const credentials = options.credentials?.(vmId);
      const machine = new VirtualMachine({
        vmId,
        url: options.url,
        username: credentials?.username ?? vmId,
        password: credentials?.password,
        topics: topicsOf(patterns, vmId),
        intervalMs,
        qos: options.qos ?? 1,
        seed: options.seed ?? 1,
        answerCommands: options.answerCommands ?? true,
        failRate,
        liveliness: options.liveliness ?? 1,
        connect: options.connect ?? connectWithMqttJs,
        clock,
        counters,
      });
      return [vmId, machine] as const;
    }),
  );
  return {
    vmIds,
    stats: counters,
    machine: (vmId) => machines.get(vmId),
    start: () => startAll([...machines.values()], clock),
    stop: () => stopAll([...machines.values()], clock),
  };
}

function startAll(machines: readonly VirtualMachine[], clock: SimulatorClock): Promise<void> {
  return new Promise((resolve) => {
    const startFrom = (index: number): void => {
      const machine = machines[index];
      if (machine === undefined) {
        resolve();
        return;
      }
      machine.start();
      clock.schedule(startSpacingMs, () => startFrom(index + 1));
    };
    startFrom(0);
  });
}

async function stopAll(machines: readonly VirtualMachine[], clock: SimulatorClock): Promise<void> {
  const all = Promise.all(machines.map((machine) => machine.stop()));
  let cancel = (): void => undefined;
  const limit = new Promise<void>((resolve) => {
    cancel = clock.schedule(stopLimitMs, resolve);
  });
  await Promise.race([all, limit]);
  cancel();
}
