import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { OwnProcess } from "../harness/process.ts";
import { type ComposeFile, type ComposeService, dependencies } from "./compose-file.ts";

/** What stands in an image, for the services that name it: its program and what it says about itself. */
export interface Image {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly user: string;
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Programs of this machine under the paths they have in the image. */
  readonly files: Readonly<Record<string, string>>;
  /** Folders that belong to the image's user, as a volume takes it over. */
  readonly owned: readonly string[];
}

/**
 * Runs the services of a compose file without a container engine: each on a root of its own with its mounts, user and
 * environment, all on one loopback network where every service has its name and an address of its own.
 */
export class ComposeServices {
  readonly #file: ComposeFile;
  readonly #composeFolder: string;
  readonly #folder: string;
  readonly #images: (name: string) => Image;
  readonly #running = new Map<string, OwnProcess>();
  readonly #names: readonly string[];

  constructor(file: ComposeFile, composeFolder: string, folder: string, images: (name: string) => Image) {
    this.#file = file;
    this.#composeFolder = composeFolder;
    this.#folder = folder;
    this.#images = images;
    this.#names = Object.keys(file.services);
    mkdirSync(folder, { recursive: true });
    const hosts = this.#names.map((name) => `${this.address(name)} ${name}`);
    writeFileSync(join(folder, "hosts"), `127.0.0.1 localhost\n${hosts.join("\n")}\n`);
  }

  address(service: string): string {
    return `127.0.1.${this.#names.indexOf(service) + 1}`;
  }

  process(service: string): OwnProcess {
    return this.#running.get(service)!;
  }

  /** Starts a service behind what it depends on; one that is only a task is waited for. */
  async start(name: string): Promise<void> {
    if (this.#running.has(name)) return;
    const service = this.#file.services[name]!;
    for (const { name: other, toItsEnd } of dependencies(service)) {
      await this.start(other);
      const process = this.process(other);
      if (toItsEnd && (await process.exited) !== 0) throw new Error(`${other} failed:\n${process.output}`);
    }
    this.#running.set(name, this.#run(name, service));
  }

  /** The same service once more, after it was ended. */
  restart(name: string): void {
    this.#running.set(name, this.#run(name, this.#file.services[name]!));
  }

  async stop(): Promise<void> {
    for (const process of [...this.#running.values()].reverse()) await process.end("SIGTERM", 40_000);
  }

  #run(name: string, service: ComposeService): OwnProcess {
    const image = this.#images(service.image);
    const entrypoint = service.entrypoint ?? image.entrypoint;
    const command = [...entrypoint, ...(service.command ?? (service.entrypoint === undefined ? image.command : []))];
    const files = Object.entries(image.files).map(([target, source]) => `${source}:${target}:ro`);
    const binds = [...files, ...(service.volumes ?? []).map((volume) => this.#bind(volume, image))];
    // Stands in for the address that a network of its own would give the container.
    const own = service.image.startsWith("centrifugo/") ? { CENTRIFUGO_HTTP_SERVER_ADDRESS: this.address(name) } : {};
    const environment = { PATH: process.env["PATH"] ?? "", HOME: "/tmp", ...image.environment, ...service.environment, ...own };
    const at = join(this.#folder, name, String(performance.now()));
    mkdirSync(at, { recursive: true });
    return new OwnProcess(name, "env", [
      "-i",
      ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      ...[
        "unshare",
        "--mount",
        "--",
        "sh",
        join(import.meta.dirname, "container.sh"),
        at,
        service.user ?? image.user,
        image.workdir,
        join(this.#folder, "hosts"),
      ],
      ...binds,
      "--",
      ...command,
    ]);
  }

  #bind(volume: string, image: Image): string {
    const [source = "", target = "", mode] = volume.split(":");
    if (source.startsWith(".")) return [resolve(this.#composeFolder, source), target, ...(mode === undefined ? [] : [mode])].join(":");
    if (!(source in this.#file.volumes)) throw new Error(`volume ${source} is not declared`);
    const folder = join(this.#folder, "volumes", source);
    mkdirSync(folder, { recursive: true });
    const [user, group] = image.user.split(":").map(Number);
    if (image.owned.some((owned) => owned === target || dirname(owned) === target)) chownSync(folder, user!, group!);
    return [folder, target, ...(mode === undefined ? [] : [mode])].join(":");
  }
}
