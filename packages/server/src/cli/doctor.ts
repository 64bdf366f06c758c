import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { parseBrokerUrl } from "@fleetcast/mqtt";
import type { Command } from "commander";
import type { Config, TlsConfig } from "../config/config.ts";
import { type Loaded, version } from "../config/load.ts";
import { ConfigError } from "../config/problems.ts";
import { expiryOf, shownCertificates } from "../lifecycle/certificates/expiry.ts";
import { internalRoutesTls, ownRequestTls } from "../lifecycle/certificates/internal-tls.ts";
import { exitCodes, StartRefused } from "../lifecycle/start-refused.ts";
import { systemClock } from "../runtime/clock.ts";
import { readKeys } from "./checkconfig.ts";
import { type CommonFlags, load, print, withCommonFlags } from "./context.ts";

interface Finding {
  readonly verdict: "ok" | "warning" | "wrong";
  readonly what: string;
  readonly text: string;
}

const answerMsMax = 2_000;

/** `fleetcast doctor`: looks at everything a start needs and says what is wrong with it; changes nothing. */
export function doctorCommand(program: Command): void {
  withCommonFlags(program.command("doctor"))
    .description("check ports, folder, configuration, broker, Centrifugo and clock; exit code 1 when something is wrong")
    .action(async (flags: CommonFlags) => {
      const findings = [...versions()];
      const loaded = configuration(flags, findings);
      if (loaded !== undefined) {
        findings.push(
          ...certificates(loaded.settings),
          ...folder(loaded.config),
          ...(await ports(loaded.config)),
          ...(await parts(loaded.config)),
        );
      }
      for (const { verdict, what, text } of findings) print(`${verdict.padEnd(8)} ${what.padEnd(14)} ${text}`);
      if (findings.some((finding) => finding.verdict === "wrong")) process.exitCode = exitCodes.failed;
    });
}

function versions(): Finding[] {
  const runtime = process.versions["bun"];
  const findings: Finding[] = [
    { verdict: "ok", what: "version", text: `Fleetcast ${version} on Bun ${runtime ?? "?"}, ${process.platform} ${process.arch}` },
  ];
  const now = systemClock.wallMs();
  const plausible = now > Date.UTC(2025, 0, 1);
  findings.push({
    verdict: plausible ? "ok" : "wrong",
    what: "clock",
    text: `${new Date(now).toISOString()}${plausible ? "" : " is in the past: tokens and times would be wrong"}`,
  });
  return findings;
}

function configuration(flags: CommonFlags, findings: Finding[]): Loaded | undefined {
  try {
    const loaded = load(flags, { writeSecrets: false });
    findings.push({ verdict: "ok", what: "configuration", text: `${loaded.settings.source}, ${loaded.settings.set.size} keys set` });
    for (const warning of loaded.warnings) findings.push({ verdict: "warning", what: "configuration", text: warning });
    readKeys(loaded.config);
    return loaded;
  } catch (cause) {
    if (!(cause instanceof ConfigError || cause instanceof StartRefused)) throw cause;
    for (const line of cause.message.split("\n")) findings.push({ verdict: "wrong", what: "configuration", text: line });
    return undefined;
  }
}

function certificates(settings: Loaded["settings"]): Finding[] {
  return shownCertificates(settings).map((certificate) => {
    const { verdict, text } = expiryOf(certificate, systemClock.wallMs());
    return { verdict: verdict === "ok" ? "ok" : verdict === "soon" ? "warning" : "wrong", what: "certificate", text };
  });
}

/** Room that a store should have: below this the next day may fill the disk. */
const freeBytesMin = 1_073_741_824;

function folder({ dataDir }: Config): Finding[] {
  const what = "data folder";
  let there = dataDir;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    accessSync(there, constants.W_OK);
    if (!statSync(there).isDirectory()) return [{ verdict: "wrong", what, text: `${there} is not a folder` }];
  } catch {
    return [{ verdict: "wrong", what, text: `${there} cannot be written; --data-dir or FLEETCAST_DATA_DIR names another folder` }];
  }
  const disk = statfsSync(there);
  const free = disk.bavail * disk.bsize;
  const gib = (free / 1_073_741_824).toFixed(1);
  return [
    {
      verdict: free < freeBytesMin ? "warning" : "ok",
      what,
      text: `${dataDir}${there === dataDir ? "" : " (not there yet)"}, ${gib} GiB free`,
    },
  ];
}

async function ports({ http, mqtt }: Config): Promise<Finding[]> {
  const wanted = [{ what: "web port", key: "http_server.port", address: http.address, port: http.port }];
  if (http.internalPort !== 0) {
    wanted.push({ what: "internal port", key: "http_server.internal_port", address: http.internalAddress, port: http.internalPort });
  }
  if (mqtt.enabled && mqtt.broker === "embedded" && mqtt.tls?.only !== true)
    wanted.push({ what: "MQTT port", key: "mqtt.port", address: mqtt.address, port: mqtt.port });
  if (mqtt.tls !== undefined) wanted.push({ what: "MQTTS port", key: "mqtt.tls.port", address: mqtt.tls.address, port: mqtt.tls.port });
  const tls = internalRoutesTls(http);
  const running = await answers(
    `${tls === undefined ? "http" : "https"}://${reachable(http.internalPort === 0 ? http.address : http.internalAddress)}:${http.internalPort || http.port}/livez`,
    tls,
  );
  return await Promise.all(
    wanted.map(async ({ what, key, address, port }): Promise<Finding> => {
      if (!(await takes(address, port))) return { verdict: "ok", what, text: `${port} is free` };
      if (running) return { verdict: "ok", what, text: `${port} is held by the running server` };
      return { verdict: "wrong", what, text: `${port} is taken by another program; ${key} sets another one` };
    }),
  );
}

async function parts({ mqtt, push }: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (mqtt.enabled && mqtt.broker !== "embedded") {
    const { host, port } = parseBrokerUrl(mqtt.broker);
    const open = await takes(host, port);
    findings.push({
      verdict: open ? "ok" : "wrong",
      what: "broker",
      text: open ? `${host}:${port} answers` : `${host}:${port} does not answer`,
    });
  }
  if (push.engine === "centrifugo") findings.push(await centrifugo(push.centrifugo));
  return findings;
}

async function centrifugo({ url, apiKey }: Config["push"]["centrifugo"]): Promise<Finding> {
  const what = "Centrifugo";
  try {
    const answer = await fetch(`${url}/api/info`, {
      method: "POST",
      headers: { "x-api-key": apiKey, "content-type": "application/json" },
      body: "{}",
      redirect: "manual",
      signal: AbortSignal.timeout(answerMsMax),
    });
    if (answer.status === 401)
      return { verdict: "wrong", what, text: `${url} refuses the key; push.centrifugo.api_key must be its http_api.key` };
    if (answer.status !== 200) return { verdict: "wrong", what, text: `${url}/api/info answers ${answer.status}` };
    const { result } = (await answer.json()) as { result?: { nodes?: { version?: string }[] } };
    const skewS = Math.abs(Date.parse(answer.headers.get("date") ?? "") - systemClock.wallMs()) / 1_000;
    if (skewS > 60) return { verdict: "warning", what, text: `its clock is ${Math.round(skewS)} s away from ours; tokens expire by both` };
    return { verdict: "ok", what, text: `${url}, version ${result?.nodes?.[0]?.version ?? "?"}` };
  } catch {
    return { verdict: "wrong", what, text: `${url} does not answer; push.centrifugo.url sets its address` };
  }
}

const reachable = (address: string): string => {
  if (address === "" || address === "0.0.0.0" || address === "::") return "127.0.0.1";
  return address.includes(":") ? `[${address}]` : address;
};

async function answers(url: string, tls: TlsConfig | undefined): Promise<boolean> {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(answerMsMax), ...ownRequestTls(tls) });
    return ((await answer.json()) as { status?: string }).status === "alive";
  } catch {
    return false;
  }
}

/** Does somebody take connections there? */
function takes(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const host = address === "" || address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
    const socket = connect({ host, port, timeout: answerMsMax });
    const done = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => done(true));
    socket.once("timeout", () => done(false));
    socket.once("error", () => done(false));
  });
}
