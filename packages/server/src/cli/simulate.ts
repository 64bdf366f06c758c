import { mqttJsLinks, runSimulator } from "@fleetcast/simulator";
import type { Command } from "commander";
import { parseDuration } from "../config/duration.ts";
import { readAuthority } from "../lifecycle/brokers.ts";
import { exitCodes } from "../lifecycle/start-refused.ts";
import { systemClock } from "../runtime/clock.ts";
import { CommandRefused, type CommonFlags, complain, load, print, withCommonFlags } from "./context.ts";

interface Flags extends CommonFlags {
  readonly url?: string;
  readonly ca?: string;
  readonly count: string;
  readonly prefix: string;
  readonly first: string;
  readonly interval: string;
  readonly seed: string;
  readonly failRate: string;
}

/** `fleetcast simulate`: virtual vending machines against any MQTT broker, until Ctrl-C. */
export function simulateCommand(program: Command): void {
  withCommonFlags(program.command("simulate"))
    .description("run virtual vending machines against a broker until Ctrl-C")
    .option("--url <address>", "broker, mqtt://host:1883 or mqtts://host:8883; without it the one of the configuration")
    .option("--ca <file>", "authority that the broker's certificate must come from, a PEM file; without it the system's")
    .option("--count <n>", "number of machines", "20")
    .option("--prefix <text>", "beginning of their names", "VM-SH-")
    .option("--first <n>", "number of the first one", "1")
    .option("--interval <time>", "time between two readings of one machine", "2s")
    .option("--seed <n>", "the same seed makes the same fleet", "1")
    .option("--fail-rate <share>", "share of commands that fail, 0 to 1", "0")
    .action(async (flags: Flags) => {
      const url = flags.url ?? configuredBroker(flags);
      const simulator = await runSimulator({
        url,
        count: numberOf("--count", flags.count),
        prefix: flags.prefix,
        firstNumber: numberOf("--first", flags.first),
        intervalMs: parseDuration(flags.interval) ?? Number.NaN,
        seed: numberOf("--seed", flags.seed),
        failRate: numberOf("--fail-rate", flags.failRate),
        clock: systemClock,
        ...(flags.ca === undefined ? {} : { connect: mqttJsLinks({ ca: readAuthority(flags.ca, "--ca") }) }),
        report: { everyMs: 10_000, show: print },
      }).catch((cause: unknown) => {
        throw cause instanceof RangeError ? new CommandRefused(cause.message, { cause }) : cause;
      });
      print(`${simulator.fleet.vmIds.length} machines speak to ${url.replace(/\/\/[^/@]*@/, "//")}; Ctrl-C ends them`);
      const stop = (): void => {
        simulator.stop().then(
          () => process.exit(exitCodes.done),
          (cause: unknown) => {
            complain(`fleetcast: ${String(cause)}`);
            process.exit(exitCodes.failed);
          },
        );
      };
      process.once("SIGINT", stop);
      process.once("SIGTERM", stop);
    });
}

function configuredBroker(flags: CommonFlags): string {
  const { mqtt } = load(flags, { writeSecrets: false }).config;
  if (mqtt.broker !== "embedded") return mqtt.broker;
  const host = mqtt.address === "" || mqtt.address === "0.0.0.0" ? "127.0.0.1" : mqtt.address;
  return `mqtt://${host.includes(":") ? `[${host}]` : host}:${mqtt.port}`;
}

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new CommandRefused(`${flag} ${text}: expected a number`);
  return value;
}
