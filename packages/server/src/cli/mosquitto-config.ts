import { resolve } from "node:path";
import { defaultMosquittoAclOptions, defaultMosquittoOptions, type MosquittoListener, mosquittoAcl, mosquittoConf } from "@fleetcast/mqtt";
import type { Command } from "commander";
import type { OptionValues } from "../config/table/options.ts";
import { CommandRefused, type CommonFlags, load, withCommonFlags } from "./context.ts";

/** `fleetcast mosquitto-config`: the file, or with `--acl` the rights, for a Mosquitto in front of this Fleetcast. */
export function mosquittoConfigCommand(program: Command): void {
  withCommonFlags(program.command("mosquitto-config"))
    .description("print mosquitto.conf for a Mosquitto in front of this Fleetcast, or with --acl its access list")
    .option("--acl", "the access list instead")
    .option("--nothing-lost", "write every change to disk at once: for small fleets, at most 100 messages a second")
    .action((flags: CommonFlags & { readonly acl?: boolean; readonly nothingLost?: boolean }) => {
      const { config, settings } = load(flags, { writeSecrets: false });
      const { mqtt } = config;
      try {
        process.stdout.write(
          flags.acl === true
            ? mosquittoAcl({ ...defaultMosquittoAclOptions, ingestUser: mqtt.username === "" ? "fleetcast" : mqtt.username })
            : mosquittoConf({
                ...defaultMosquittoOptions,
                listeners: listeners(settings.values),
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

/** The plain listeners on this machine, and where `mqtt.tls` is on one with TLS; Mosquitto reads the files itself. */
function listeners(values: OptionValues): readonly MosquittoListener[] {
  const plain = values["mqtt.tls.only"] ? [] : defaultMosquittoOptions.listeners;
  if (!values["mqtt.tls.enabled"]) return defaultMosquittoOptions.listeners;
  const certFile = file(values, "mqtt.tls.cert_pem");
  const keyFile = file(values, "mqtt.tls.key_pem");
  if (certFile === undefined || keyFile === undefined)
    throw new CommandRefused("mqtt.tls.cert_pem and mqtt.tls.key_pem: a listener needs both");
  const caFile = file(values, "mqtt.tls.client_ca_pem");
  if (caFile !== undefined && values["mqtt.tls.client_certificates"] === "optional") {
    throw new CommandRefused(
      "mqtt.tls.client_certificates: a listener of Mosquitto asks for certificates or for passwords, not for either; say required",
    );
  }
  if (caFile !== undefined && plain.length === 0) {
    throw new CommandRefused(
      "mqtt.tls.only: where machines must show certificates, Fleetcast itself comes in by the plain listener on this machine",
    );
  }
  const tls = { certFile, keyFile, ...(caFile === undefined ? {} : { caFile, requireCertificate: true }) };
  const address = values["mqtt.tls.address"] || values["mqtt.address"];
  const addresses = address === "" ? ["127.0.0.1", "::1"] : [address];
  return [...plain, ...addresses.map((each) => ({ address: each, port: values["mqtt.tls.port"], tls }))];
}

function file(values: OptionValues, key: "mqtt.tls.cert_pem" | "mqtt.tls.key_pem" | "mqtt.tls.client_ca_pem"): string | undefined {
  const text = values[key];
  if (text === "") return undefined;
  // What is no path is too long for one, or has lines.
  if (text.includes("-----BEGIN") || text.length > 1_024) throw new CommandRefused(`${key}: Mosquitto reads files; give its path`);
  return resolve(process.cwd(), text);
}
