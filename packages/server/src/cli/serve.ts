import type { Command } from "commander";
import { loopbackNotice } from "../lifecycle/doors.ts";
import { runServer } from "../lifecycle/run.ts";
import { type CommonFlags, load, withCommonFlags } from "./context.ts";
import { keysOf, withKeyFlags } from "./key-flags.ts";

/** `fleetcast serve`: the server alone, for production and for tests; the log goes to standard output. */
export function serveCommand(program: Command): void {
  withKeyFlags(withCommonFlags(program.command("serve")))
    .description("run the server: broker, store, push engine, API and dashboard, without a demo fleet")
    .action(async (flags: CommonFlags) => {
      const keys = keysOf({ ...flags });
      const loaded = load(flags, { keys });
      await runServer({
        loaded,
        logTo: loaded.config.log,
        hangup: () => load(flags, { keys, writeSecrets: false }),
        onReady: async (app, readyMs, log) => {
          if (loaded.secretsMade.length > 0) {
            log.info({ file: loaded.secretsFile, made: loaded.secretsMade.join(" ") }, "keys were made for this data folder");
          }
          if (app.users.all().length === 0)
            log.info({}, 'nobody can sign in yet: "fleetcast user add NAME --role admin" adds the first user');
          const notice = loopbackNotice(loaded.config);
          if (notice !== undefined) log.warn({}, notice);
          const { mqtt, push } = loaded.config;
          if (mqtt.enabled && mqtt.broker === "embedded" && mqtt.openOnLoopback) {
            log.info({}, "machines without a credential are let in from this machine; mqtt.open_on_loopback: false ends that");
          }
          log.info({ http: app.addresses, mqtt: mqttWord(mqtt), push: push.engine, ready_ms: Math.round(readyMs) }, "ready");
          return undefined;
        },
      });
    });
}

/** Never the address: it may carry a password. */
export function mqttWord(mqtt: { readonly enabled: boolean; readonly broker: string }): "embedded" | "external" | "off" {
  if (!mqtt.enabled) return "off";
  return mqtt.broker === "embedded" ? "embedded" : "external";
}
