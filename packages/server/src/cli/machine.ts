import type { Command } from "commander";
import { BadMachineId } from "../auth/machines.ts";
import { withAdmin } from "./admin-client.ts";
import { CommandRefused, type CommonFlags, load, print, withCommonFlags } from "./context.ts";
import { shutOutCommands } from "./user.ts";

/** `fleetcast machine add VM_ID`: gives a machine a credential for MQTT. */
export function machineCommand(program: Command): void {
  const machine = program.command("machine").description("machines and their MQTT credentials");
  shutOutCommands(machine, "machine", "vm_id");
  withCommonFlags(machine.command("add <vm_id>"))
    .description("give a machine a credential and print it, once; a former one stops working")
    .action(async (vmId: string, flags: CommonFlags) => {
      const { config } = load(flags);
      try {
        const { secret } = await withAdmin(config, (actions) => actions.addMachine(vmId));
        print(`MQTT user:     ${vmId}`);
        print(`MQTT password: ${secret}`);
        if (config.mqtt.broker !== "embedded") {
          print(`For your own broker: mosquitto_passwd -b <password file> ${vmId} <the password above>`);
        }
      } catch (cause) {
        if (cause instanceof BadMachineId) throw new CommandRefused(cause.message, { cause });
        throw cause;
      }
    });
}
