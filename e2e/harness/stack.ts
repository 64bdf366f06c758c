import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { requirePath } from "../parts/find.ts";
import { Mosquitto } from "../parts/mosquitto.ts";
import { startNginx } from "../parts/nginx.ts";
import { CertificateFolder } from "./certificates.ts";
import { Fleetcast, root } from "./fleetcast.ts";
import { freePorts, OwnProcess } from "./process.ts";

/** One whole way from device to screen, as its user addresses it. */
export interface Stack {
  readonly kind: "embedded" | "production";
  /** `http://localhost:<port>`: `/api`, `/v1` and the dashboard. */
  readonly base: string;
  readonly websocket: string;
  readonly mqttPort: number;
  readonly fleetcast: Fleetcast;
  /** Everything is spoken with TLS: who trusts this authority, a PEM file, is served. */
  readonly caFile?: string;
  /** The real Centrifugo, on the production stack. */
  readonly centrifugo?: RestartableProcess;
  stop(): Promise<void>;
}

export async function startEmbedded(options: Parameters<typeof Fleetcast.prepare>[0] = {}): Promise<Stack> {
  const fleetcast = await Fleetcast.started(options);
  return {
    kind: "embedded",
    base: fleetcast.base,
    websocket: fleetcast.websocket,
    mqttPort: fleetcast.mqttPort,
    fleetcast,
    stop: () => fleetcast.remove(),
  };
}

/** The same with HTTPS and WSS on its web port, and MQTTS beside plain MQTT. */
export async function startSecure(
  options: Parameters<typeof Fleetcast.prepare>[0] = {},
  certificates: CertificateFolder = new CertificateFolder(),
): Promise<Stack> {
  const [mqttsPort] = await freePorts(1);
  const fleetcast = await Fleetcast.started({
    ...options,
    ca: certificates.authority.ca,
    config: { ...options.config, http_server: { tls: certificates.section }, mqtt: { tls: { ...certificates.section, port: mqttsPort } } },
  });
  return {
    kind: "embedded",
    base: fleetcast.base,
    websocket: fleetcast.websocket,
    mqttPort: mqttsPort!,
    fleetcast,
    caFile: certificates.ca,
    stop: async () => {
      await fleetcast.remove();
      certificates.remove();
    },
  };
}

/** A process that a test kills and starts again with the same arguments. */
export class RestartableProcess {
  #start: () => Promise<OwnProcess>;
  #process: OwnProcess | undefined;

  constructor(start: () => Promise<OwnProcess>) {
    this.#start = start;
  }

  get process(): OwnProcess {
    return this.#process!;
  }

  async start(): Promise<void> {
    this.#process = await this.#start();
  }

  async kill(): Promise<void> {
    this.process.child.kill("SIGKILL");
    await this.process.exited;
  }

  async stop(): Promise<void> {
    if (this.#process?.running === true) await this.#process.end("SIGTERM");
  }
}

/** The document's own stack: a real Mosquitto, a real Centrifugo v6.9.6, Fleetcast between them, nginx in front. */
export async function startProduction(
  options: {
    readonly entry?: string;
    readonly command?: readonly string[];
    readonly config?: Record<string, unknown>;
    /** nginx ends TLS with this certificate. */
    readonly certificates?: CertificateFolder;
  } = {},
): Promise<Stack> {
  const { certificates } = options;
  const scheme = certificates === undefined ? "http" : "https";
  const [nginxPort, centrifugoPort, fleetcastPort] = (await freePorts(3)) as [number, number, number];
  const mosquitto = await Mosquitto.started(mosquittoConf);
  const fleetcast = await Fleetcast.prepare({
    ...(options.entry === undefined ? {} : { entry: options.entry }),
    ...(options.command === undefined ? {} : { command: options.command }),
    httpPort: fleetcastPort,
    config: {
      mqtt: { broker: mosquitto.url },
      push: { engine: "centrifugo", centrifugo: { url: `http://127.0.0.1:${centrifugoPort}`, api_key: "centrifugo-api-key" } },
      dashboard: { public_url: `${scheme}://localhost:${nginxPort}` },
      ...(certificates === undefined ? {} : { server: { tls_in_front: true } }),
      ...options.config,
    },
  });
  const printed = await fleetcast.cli("centrifugo-config");
  if (printed.code !== 0) throw new Error(`centrifugo-config: ${printed.output}`);
  const folder = mkdtempSync(join(tmpdir(), "centrifugo-e2e-"));
  const file = join(folder, "config.json");
  writeFileSync(file, printed.stdout);
  const binary = requirePath(findCentrifugo({ build: false }));
  const centrifugo = new RestartableProcess(async () => {
    const process = new OwnProcess("centrifugo", binary, ["-c", file], { cwd: folder });
    await process.waitForHttp(`http://127.0.0.1:${centrifugoPort}/health`, 15_000);
    return process;
  });
  await centrifugo.start();
  await fleetcast.start();
  const shipped = readFileSync(join(root, "deploy", "nginx", "fleetcast.conf"), "utf8");
  const server = (certificates === undefined ? shipped : withTlsLines(shipped, nginxPort, certificates))
    .replaceAll("127.0.0.1:8001", `127.0.0.1:${centrifugoPort}`)
    .replaceAll("127.0.0.1:8002", `127.0.0.1:${fleetcastPort}`)
    .replaceAll(/listen\s+\[::\]:8000/g, `listen [::]:${nginxPort}`)
    .replaceAll(/listen\s+8000/g, `listen ${nginxPort}`);
  const nginx = await startNginx(nginxPort, server);
  return {
    kind: "production",
    base: `${scheme}://localhost:${nginxPort}`,
    websocket: `${scheme.replace("http", "ws")}://localhost:${nginxPort}/connection/websocket`,
    mqttPort: mosquitto.port,
    fleetcast,
    ...(certificates === undefined ? {} : { caFile: certificates.ca }),
    centrifugo,
    stop: async () => {
      await nginx.end("SIGTERM");
      await fleetcast.remove();
      await centrifugo.stop();
      await mosquitto.stop();
    },
  };
}

/** The file we ship, changed as it says itself for production: its TLS lines instead of the plain ones. */
function withTlsLines(shipped: string, port: number, { cert, key }: CertificateFolder): string {
  return shipped
    .replaceAll(/^ +(listen \S*8000|server_name _);\n/gm, "")
    .replaceAll(/^( +)# (listen .*443|server_name|ssl_|add_header)/gm, "$1$2")
    .replaceAll(/(listen .*)443/g, `$1${port}`)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${cert};`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`);
}

/** The settings that matter of the file we ship, on a loopback port, open to the test's machines. */
function mosquittoConf(port: number, folder: string): string {
  return `listener ${port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location ${folder}/
autosave_interval 1
autosave_on_changes false
max_inflight_messages 2000
max_queued_messages 200000
max_queued_bytes 0
`;
}
