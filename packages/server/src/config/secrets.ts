import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "./problems.ts";
import type { Settings } from "./settings.ts";
import type { OptionValues } from "./table/options.ts";

/** What `<data>/secrets.json` may hold. A key that the file or the environment of the start sets is not in it. */
export interface Secrets {
  readonly api_key?: string;
  readonly token_hmac_secret_key?: string;
  readonly own_token_key?: string;
  readonly meta_key?: string;
  readonly session_key?: string;
  readonly proxy_secret?: string;
}

export interface SecretsOnDisk {
  readonly secrets: Secrets;
  readonly file: string;
  /** Names of those that this call made. */
  readonly made: readonly (keyof Secrets)[];
  readonly warnings: readonly string[];
}

/**
 * Reads the secrets and makes those that are needed and nowhere set (`write` false: makes them for this process only).
 * The file is 0600 and replaced whole, so that a crash leaves the old or the new one.
 * @throws ConfigError when the folder cannot be written or the file is not ours to read.
 */
export function completeSecrets(settings: Settings, dataDir: string, write = true): SecretsOnDisk {
  const file = join(dataDir, "secrets.json");
  const present = readSecrets(file);
  const warnings: string[] = [];
  if (existsSync(file) && process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    warnings.push(`${file} can be read by others; its mode should be 0600`);
  }
  const needed: (keyof Secrets)[] = ["meta_key", "session_key"];
  if (settings.values["http_api.key"] === "") needed.push("api_key");
  if (settings.values["client.token.hmac_secret_key"] === "") needed.push("token_hmac_secret_key");
  if (needsOwnTokenKey(settings.values)) needed.push("own_token_key");
  if (settings.values["push.centrifugo.proxy_secret"] === "") needed.push("proxy_secret");
  const made = needed.filter((name) => (present[name] ?? "") === "");
  if (made.length === 0) return { secrets: present, file, made, warnings };
  const secrets = { ...present, ...Object.fromEntries(made.map((name) => [name, randomBytes(32).toString("base64url")])) };
  if (write) writeSecrets(file, dataDir, secrets);
  return { secrets, file, made, warnings };
}

/**
 * Tokens of our own users cannot be signed with the configured keys where a key set or a regular expression decides over tokens,
 * or where subscription tokens have only keys of which we do not have the private half.
 */
export function needsOwnTokenKey(values: OptionValues): boolean {
  const decides = (section: "client.token" | "client.subscription_token"): boolean =>
    (["jwks_public_endpoint", "audience_regex", "issuer_regex"] as const).some((key) => values[`${section}.${key}`] !== "");
  if (decides("client.token")) return true;
  if (!values["client.subscription_token.enabled"]) return false;
  return decides("client.subscription_token") || values["client.subscription_token.hmac_secret_key"] === "";
}

function readSecrets(file: string): Secrets {
  if (!existsSync(file)) return {};
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("not an object");
    if (Object.values(parsed).some((value) => typeof value !== "string")) throw new Error("a secret is not a text");
    return parsed as Secrets;
  } catch (cause) {
    // Never the content: it is secret even when it is broken.
    const code = (cause as NodeJS.ErrnoException).code;
    throw new ConfigError([
      { source: file, key: "", expected: code === undefined ? "is not a JSON object of texts" : `cannot be read (${code})` },
    ]);
  }
}

function writeSecrets(file: string, dataDir: string, secrets: Secrets): void {
  const temporary = `${file}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600, flush: true });
    chmodSync(temporary, 0o600);
    renameSync(temporary, file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ConfigError([
      { source: "data_dir", key: dataDir, expected: `cannot be written (${code}); --data-dir or FLEETCAST_DATA_DIR names another folder` },
    ]);
  }
}
