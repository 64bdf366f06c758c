import { defaultMosquittoAclOptions, defaultMosquittoOptions, mosquittoAcl, mosquittoConf } from "@fleetcast/mqtt";
import type { Command } from "commander";
import { CommandRefused, type CommonFlags, load, withCommonFlags } from "./context.ts";

/** `fleetcast mosquitto-config`: the file, or with `--acl` the rights, for a Mosquitto in front of this Fleetcast. */
export function mosquittoConfigCommand(program: Command): void {
  withCommonFlags(program.command("mosquitto-config"))
    .description("print mosquitto.conf for a Mosquitto in front of this Fleetcast, or with --acl its access list")
    .option("--acl", "the access list instead")
    .option("--nothing-lost", "write every change to disk at once: for small fleets, at most 100 messages a second")
    .action((flags: CommonFlags & { readonly acl?: boolean; readonly nothingLost?: boolean }) => {
      const { mqtt } = load(flags, { writeSecrets: false }).config;
      try {
        process.stdout.write(
          flags.acl === true
            ? mosquittoAcl({ ...defaultMosquittoAclOptions, ingestUser: mqtt.username === "" ? "fleetcast" : mqtt.username })
            : mosquittoConf({
                ...defaultMosquittoOptions,
                inflightMessagesMax: mqtt.inflightMax,
                packetBytesMax: mqtt.packetBytesMax,
                durability: flags.nothingLost === true ? "nothing_lost" : "throughput",
              }),
        );
      } catch (cause) {
        if (cause instanceof RangeError) throw new CommandRefused(cause.message, { cause });
        throw cause;
      }
    });
}
