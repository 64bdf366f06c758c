import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningEngine, startOurs, startReal } from "../../conformance/harness/engines.ts";
import { ours, shared } from "../config.ts";

/** One server under test, which can be stopped and started again on its port. */
export class Server {
  /** Which of config.ts's files it was started with. */
  readonly file: "shared" | "ours";
  #engine: RunningEngine;
  readonly #startAgain: (port: number) => Promise<RunningEngine>;
  readonly #arrived = new Set<object>();
  #expected = 0;
  #restarted = Promise.withResolvers<void>();

  constructor(file: "shared" | "ours", engine: RunningEngine, startAgain: (port: number) => Promise<RunningEngine>) {
    this.file = file;
    this.#engine = engine;
    this.#startAgain = startAgain;
  }

  get engine(): RunningEngine {
    return this.#engine;
  }

  /** So many sessions will want a restart. */
  expect(count: number): void {
    this.#expected = count;
  }

  /** A session is ready for the restart, or will not be; the last of them makes it. All go on when it has come back. */
  async arrive(session: object): Promise<void> {
    const isNew = !this.#arrived.has(session);
    this.#arrived.add(session);
    if (isNew && this.#arrived.size === this.#expected) this.#restart().then(this.#restarted.resolve, this.#restarted.reject);
    await this.#restarted.promise;
  }

  async #restart(): Promise<void> {
    const { port } = this.#engine;
    await this.#engine.end();
    this.#engine = await this.#startAgain(port);
  }
}

/** Ours and the real one with one file, and ours once more with what only it has. */
export async function startServers(folder: string, centrifugo: string | undefined, backendUrl: string): Promise<Server[]> {
  const written = (name: string, config: unknown): { folder: string; configFile: string } => {
    const own = join(folder, name);
    mkdirSync(own, { recursive: true });
    const configFile = join(own, "config.json");
    writeFileSync(configFile, JSON.stringify(config, undefined, 2));
    return { folder: own, configFile };
  };
  const started = async (file: Server["file"], start: (port?: number) => Promise<RunningEngine>): Promise<Server> =>
    new Server(file, await start(), start);
  const both = written("shared", shared(backendUrl));
  const own = written("ours", ours);
  return await Promise.all([
    started("shared", (port) => startOurs({ ...both, port })),
    started("ours", (port) => startOurs({ ...own, port })),
    ...(centrifugo === undefined ? [] : [started("shared", (port) => startReal({ ...both, port }, centrifugo))]),
  ]);
}
