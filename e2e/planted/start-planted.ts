import { startApp } from "@fleetcast/server";
import type { Journal } from "@fleetcast/storage";
import { processEnvironment } from "../../packages/server/src/config/environment.ts";
import { loadConfig } from "../../packages/server/src/config/load.ts";

/**
 * An entry point with a bug planted in it: the real product around a store that breaks one promise. Nothing in the product
 * knows of this; the checker has to find it from the ledgers alone.
 */
export async function startPlanted(plant: (journal: Journal) => Journal, before?: (dataDir: string) => void): Promise<void> {
  const flag = (name: string): string | undefined => {
    const index = process.argv.indexOf(name);
    return index < 0 ? undefined : process.argv[index + 1];
  };
  const { config } = loadConfig({
    flags: { config: flag("-c"), dataDir: flag("--data-dir") },
    environment: processEnvironment(),
    folder: process.cwd(),
  });
  before?.(config.dataDir);
  const silent = { debug() {}, info() {}, warn() {}, error: (fields: object, message: string) => console.error(message, fields) };
  const app = await startApp(config, { log: silent, onFatal: () => process.exit(1), wrapJournal: plant });
  process.on("SIGTERM", () => void app.stop().then(() => process.exit(0)));
}

/** A journal that differs from the real one in what is given. */
export function journalWith(real: Journal, changes: Partial<Journal>): Journal {
  return new Proxy(real, {
    get(target, name) {
      const changed = (changes as Record<PropertyKey, unknown>)[name];
      if (changed !== undefined) return changed;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Does something a moment late; what the journal refuses because it was closed meanwhile is lost, as such a bug would lose it. */
export function later(delayMs: number, task: () => void): void {
  setTimeout(() => {
    try {
      task();
    } catch {
      // Closed meanwhile.
    }
  }, delayMs);
}
