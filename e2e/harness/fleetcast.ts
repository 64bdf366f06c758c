import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts, OwnProcess } from "./process.ts";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The Bun that runs this file runs the server, too; the browser tests run on Node and are told. */
export const bunPath = process.env["FLEETCAST_BUN"] ?? process.execPath;

export interface FleetcastOptions {
  /** Kept over restarts when given; else a temporary folder, removed at `remove()`. */
  readonly dataDir?: string;
  readonly httpPort?: number;
  readonly mqttPort?: number;
  /** Written as the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Entry file under the repository; the product's command line by default. */
  readonly entry?: string;
  readonly command?: readonly string[];
  /** The single executable instead of the sources on Bun; it then finds neither Node nor Bun on its PATH. */
  readonly executable?: string;
  /** Its web port speaks TLS, with a certificate of the authority in this PEM text. */
  readonly ca?: string;
}

export const API_KEY = "test-api-key-5b1d";
export const TOKEN_SECRET = "test-token-secret-which-is-long-enough-0001";

/** The real process, on ports of its own, with keys that the test knows. It can be killed and started again. */
export class Fleetcast {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  #options: FleetcastOptions;
  #process: OwnProcess | undefined;
  #ownsFolder: boolean;

  private constructor(options: FleetcastOptions, dataDir: string, httpPort: number, mqttPort: number) {
    this.#options = options;
    this.dataDir = dataDir;
    this.#ownsFolder = options.dataDir === undefined;
    this.httpPort = httpPort;
    this.mqttPort = mqttPort;
  }

  static async prepare(options: FleetcastOptions = {}): Promise<Fleetcast> {
    const [http, mqtt] = await freePorts(2);
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "fleetcast-e2e-"));
    return new Fleetcast(options, dataDir, options.httpPort ?? http!, options.mqttPort ?? mqtt!);
  }

  static async started(options: FleetcastOptions = {}): Promise<Fleetcast> {
    const fleetcast = await Fleetcast.prepare(options);
    await fleetcast.start();
    return fleetcast;
  }

  get base(): string {
    return this.#options.ca === undefined ? `http://127.0.0.1:${this.httpPort}` : `https://localhost:${this.httpPort}`;
  }

  get websocket(): string {
    return `${this.base.replace("http", "ws")}/connection/websocket`;
  }

  /** What `fetch` and `WebSocket` need to trust it. */
  get trust(): { readonly tls?: { readonly ca: string } } {
    return this.#options.ca === undefined ? {} : { tls: { ca: this.#options.ca } };
  }

  get process(): OwnProcess {
    if (this.#process === undefined) throw new Error("Fleetcast was not started");
    return this.#process;
  }

  /** Answers how many milliseconds it took until `/readyz` said yes. */
  async start(limitMs = 20_000): Promise<number> {
    const started = performance.now();
    this.#process = this.spawn();
    await this.#process.waitForHttp(`${this.base}/readyz`, limitMs, this.trust);
    return performance.now() - started;
  }

  spawn(): OwnProcess {
    return this.#run("fleetcast", this.#options.command ?? ["serve"], this.#options.entry);
  }

  #run(name: string, command: readonly string[], entry = "packages/server/src/cli/main.ts"): OwnProcess {
    const { executable, config } = this.#options;
    const args = [...command, "--data-dir", this.dataDir];
    if (config !== undefined) args.push("-c", this.#writeConfig(config));
    return new OwnProcess(name, executable ?? bunPath, executable === undefined ? [join(root, entry), ...args] : args, {
      cwd: this.dataDir,
      env: { ...this.#environment(), ...(executable === undefined ? {} : { PATH: "" }) },
    });
  }

  #writeConfig(config: Readonly<Record<string, unknown>>): string {
    const file = `${this.dataDir}.config.json`;
    writeFileSync(file, JSON.stringify(config, undefined, 2));
    return file;
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.process.child.kill("SIGKILL");
    await this.process.exited;
  }

  async stop(): Promise<number | null> {
    return this.#process === undefined ? 0 : await this.#process.end("SIGTERM", 35_000);
  }

  /** Ends it and removes what it left. */
  async remove(): Promise<void> {
    if (this.#process?.running === true) await this.stop();
    if (this.#ownsFolder && existsSync(this.dataDir)) rmSync(this.dataDir, { recursive: true, force: true });
    rmSync(`${this.dataDir}.config.json`, { force: true });
  }

  get files(): string[] {
    return readdirSync(this.dataDir);
  }

  read(name: string): string {
    return readFileSync(join(this.dataDir, name), "utf8");
  }

  /** One call of the server API with the document's header. */
  async api<T = unknown>(method: string, params: unknown): Promise<T> {
    const answer = await fetch(`${this.base}/api`, {
      ...this.trust,
      method: "POST",
      headers: { authorization: `Token ${API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ method, params }),
    });
    if (answer.status !== 200) throw new Error(`/api ${method}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** One of its other commands (`user add`, `gentoken`, ...), against the same folder and keys. */
  async cli(...args: readonly string[]): Promise<{ code: number | null; output: string; stdout: string }> {
    const child = this.cliProcess(...args);
    const code = await child.exited;
    return { code, output: child.output, stdout: child.stdout };
  }

  cliProcess(...args: readonly string[]): OwnProcess {
    return this.#run(args.join(" "), args);
  }

  #environment(): Record<string, string> {
    return {
      FLEETCAST_HTTP_SERVER_PORT: String(this.httpPort),
      FLEETCAST_MQTT_PORT: String(this.mqttPort),
      CENTRIFUGO_HTTP_API_KEY: API_KEY,
      CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: TOKEN_SECRET,
      FLEETCAST_CONFIG: "",
      ...this.#options.env,
    };
  }
}
