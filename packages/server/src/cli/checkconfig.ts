import type { Command } from "commander";
import { createTokenVerifier } from "../auth/tokens/verifier.ts";
import type { Config } from "../config/config.ts";
import { readAuthority } from "../lifecycle/brokers.ts";
import { expiryOf, shownCertificates } from "../lifecycle/certificates/expiry.ts";
import { systemClock } from "../runtime/clock.ts";
import { type CommonFlags, complain, load, print, withCommonFlags } from "./context.ts";
import { keysOf, withKeyFlags } from "./key-flags.ts";

/** `fleetcast checkconfig`: everything a start would say about its configuration, without starting. */
export function checkconfigCommand(program: Command): void {
  withKeyFlags(withCommonFlags(program.command("checkconfig")))
    .description("check the configuration: file, environment and flags together")
    .option("-s, --strict", "unknown keys are refused instead of warned about")
    .action((flags: CommonFlags & { readonly strict?: boolean }) => {
      const { config, settings, warnings } = load(flags, {
        strict: flags.strict ?? false,
        writeSecrets: false,
        keys: keysOf({ ...flags }),
      });
      for (const warning of warnings) complain(`warning: ${warning}`);
      readKeys(config);
      for (const certificate of shownCertificates(settings)) {
        const { verdict, text } = expiryOf(certificate, systemClock.wallMs());
        if (verdict === "ok") print(text);
        else complain(`warning: ${text}`);
      }
      print(`${settings.source}: ok (${settings.set.size} keys set, ${settings.namespaces.size} namespaces)`);
    });
}

/**
 * Keys and certificates are right in form before they are read; the start reads them, so this does.
 * @throws StartRefused
 */
export function readKeys({ client, mqtt }: Pick<Config, "client" | "mqtt">): void {
  createTokenVerifier(client, { clock: systemClock });
  if (mqtt.enabled && mqtt.caFile !== "") readAuthority(mqtt.caFile);
}
