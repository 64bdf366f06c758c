import { resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { buildConfig } from "./build.ts";
import type { Config } from "./config.ts";
import { type ListenerTls, readListenerTlsAgain } from "./listener-tls.ts";
import { ConfigError } from "./problems.ts";
import { completeSecrets, type SecretsOnDisk } from "./secrets.ts";
import { readSettings, type Settings, type Sources } from "./settings.ts";
import { readTraceExport } from "./tracing-environment.ts";

export const version: string = packageJson.version;

export interface Loaded {
  readonly config: Config;
  readonly settings: Settings;
  readonly warnings: readonly string[];
  readonly secretsFile: string;
  /** Secrets that this start made; they are shown once. */
  readonly secretsMade: SecretsOnDisk["made"];
  /**
   * Reads the certificates of the listeners again, from where the configuration says they are; nothing else.
   * @throws ConfigError
   */
  readonly readCertificates: () => ListenerTls;
}

/**
 * Reads, checks, completes and freezes the configuration. `writeSecrets` false leaves the disk as it is (`checkconfig`).
 * @throws ConfigError with every problem at once.
 */
export function loadConfig(sources: Sources, writeSecrets = true): Loaded {
  const settings = readSettings(sources);
  const traces = readTraceExport(sources.environment);
  if (settings.values["opentelemetry.enabled"] && traces.refused.length > 0) {
    throw new ConfigError(traces.refused.map((expected) => ({ source: "environment", key: "", expected })));
  }
  const dataDir = resolve(sources.folder, settings.values["data_dir"]);
  const onDisk = completeSecrets(settings, dataDir, writeSecrets);
  return {
    config: buildConfig(settings, onDisk.secrets, dataDir, sources.folder, version, traces.config),
    settings,
    warnings: [...settings.warnings, ...onDisk.warnings],
    secretsFile: onDisk.file,
    secretsMade: onDisk.made,
    readCertificates: () => readListenerTlsAgain(settings.values, sources.folder),
  };
}
