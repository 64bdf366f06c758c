import { join } from "node:path";
import type { Command } from "commander";
import type { App } from "../app.ts";
import type { Config, TlsConfig } from "../config/config.ts";
import { prefersChinese, processEnvironment } from "../config/environment.ts";
import type { Loaded } from "../config/load.ts";
import { internalPortTls } from "../lifecycle/certificates/internal-tls.ts";
import { runServer } from "../lifecycle/run.ts";
import { systemClock } from "../runtime/clock.ts";
import { type BannerFacts, banner } from "./banner.ts";
import { type CommonFlags, complain, load, print, withCommonFlags } from "./context.ts";
import { startDemoFleet } from "./demo-fleet.ts";
import { keysOf, withKeyFlags } from "./key-flags.ts";
import { mqttWord } from "./serve.ts";

const demoMachines = 20;

/** `fleetcast start`, which is `npm start`: the server with a demo fleet, for a person at a terminal. */
export function startCommand(program: Command): void {
  withKeyFlags(withCommonFlags(program.command("start")))
    .description("run the server with a demo fleet of 20 virtual vending machines, and print what to try")
    .action(async (flags: CommonFlags) => {
      const loaded = load(flags, { keys: keysOf({ ...flags }) });
      for (const warning of loaded.warnings) complain(`warning: ${warning}`);
      const { config } = loaded;
      // The terminal is for the person; the log lines go beside the data.
      const logTo = { ...config.log, file: config.log.file === "" ? join(config.dataDir, "fleetcast.log") : config.log.file };
      await runServer({
        loaded,
        logTo,
        tell: complain,
        hangup: "stop",
        onReady: async (app, readyMs, log) => {
          const demo = config.mqtt.enabled ? await startDemoFleet(app, { count: demoMachines, log }) : undefined;
          const first = app.users.all().length === 0;
          const password = first ? (await app.admin.addUser("admin", "admin", undefined)).password : undefined;
          const language = prefersChinese(processEnvironment()) ? "zh" : "en";
          print(
            banner(facts(app, loaded, { password, readyMs, logFile: logTo.file, demo: demo === undefined ? 0 : demoMachines }), language),
          );
          log.info({ http: app.addresses, mqtt: mqttWord(config.mqtt), push: config.push.engine, ready_ms: Math.round(readyMs) }, "ready");
          return demo;
        },
      });
    });
}

function facts(
  app: App,
  { config, settings, secretsFile }: Loaded,
  shown: { readonly password: string | undefined; readonly readyMs: number; readonly logFile: string; readonly demo: number },
): BannerFacts {
  const { http, mqtt, api } = config;
  const page =
    config.dashboard.publicUrl === "" ? baseUrl(http.address, http.port, http.tls) : config.dashboard.publicUrl.replace(/\/+$/, "");
  const internal = http.internalPort !== 0 && !api.external;
  const keyIsOurs = !settings.set.has("http_api.key");
  return {
    dashboard: `${page}/`,
    tryPage: `${page}/v1/try`,
    explorer: `${page}/v1/explorer`,
    api: `${internal ? baseUrl(http.internalAddress, http.internalPort, internalPortTls(http)) : baseUrl(http.address, http.port, http.tls)}${api.handlerPrefix}`,
    mqtt: mqttPlace(mqtt),
    openOnLoopback: mqtt.broker === "embedded" && mqtt.openOnLoopback,
    demoMachines: shown.demo,
    password: shown.password,
    apiKey: shown.password !== undefined && keyIsOurs ? api.key : undefined,
    secretsFile,
    dataDir: app.config.dataDir,
    logFile: shown.logFile,
    readyMs: Math.round(shown.readyMs),
    nowMs: systemClock.wallMs(),
  };
}

function mqttPlace(mqtt: Config["mqtt"]): { readonly host: string; readonly port: number } | undefined {
  if (!mqtt.enabled || mqtt.broker !== "embedded" || mqtt.tls?.only === true) return undefined;
  return { host: mqtt.address === "" || mqtt.address === "0.0.0.0" ? "127.0.0.1" : mqtt.address, port: mqtt.port };
}

function baseUrl(address: string, port: number, tls: TlsConfig | undefined): string {
  const host = address === "" || address === "0.0.0.0" || address === "::" ? "localhost" : address;
  return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
