import { runSimulator } from "@fleetcast/simulator";
import type { App } from "../app.ts";
import type { Companion } from "../lifecycle/run.ts";
import type { Logger } from "../log.ts";
import { systemClock } from "../runtime/clock.ts";

/**
 * The virtual machines of `start`: clients of our own broker over TCP like real ones. Undefined with an external broker,
 * where they would stand among somebody's real machines, and where only TLS is spoken.
 */
export async function startDemoFleet(app: App, options: { readonly count: number; readonly log: Logger }): Promise<Companion | undefined> {
  const { mqtt } = app.config;
  if (!mqtt.enabled || mqtt.broker !== "embedded" || mqtt.tls?.only === true) return undefined;
  const secrets = new Map<string, string>();
  if (!mqtt.openOnLoopback) {
    for (const vmId of demoIds(options.count)) secrets.set(vmId, (await app.admin.addMachine(vmId)).secret);
  }
  const host = mqtt.address === "" || mqtt.address === "0.0.0.0" ? "127.0.0.1" : mqtt.address;
  return await runSimulator({
    url: `mqtt://${host.includes(":") ? `[${host}]` : host}:${mqtt.port}`,
    count: options.count,
    prefix: demoPrefix,
    clock: systemClock,
    credentials: (vmId) => {
      const password = secrets.get(vmId);
      return password === undefined ? undefined : { password };
    },
    report: { everyMs: 300_000, show: (line) => options.log.info({}, `demo fleet: ${line}`) },
  });
}

const demoPrefix = "VM-SH-";

function demoIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${demoPrefix}${String(index + 1).padStart(3, "0")}`);
}
