import type { ChannelOptions } from "@fleetcast/engine";
import { closest, distance } from "fastest-levenshtein";
import picomatch from "picomatch";
import type { Environment } from "./environment.ts";
import { findFile, readFile } from "./file.ts";
import { emptyGathered, type Gathered, gatherEnvironment, gatherFile, knownVariables, type Raw } from "./gather.ts";
import { namespaceOptions } from "./namespace-options.ts";
import { type Findings, judgeNamespaces } from "./namespaces.ts";
import { namesNotHonoured, namespaceNamesNotHonoured, standing } from "./not-honoured.ts";
import { type OptionPath, type OptionValues, options } from "./options.ts";
import { ConfigError, type Problem, shown } from "./problems.ts";

/** Where a start looks for its settings. Flags win over environment, environment over file, file over defaults. */
export interface Sources {
  readonly flags: { readonly config?: string | undefined; readonly dataDir?: string | undefined };
  readonly environment: Environment;
  /** The working folder: relative paths are relative to it. */
  readonly folder: string;
  /** Unknown keys refuse the start instead of warning. */
  readonly strict?: boolean | undefined;
}

/** Everything that was set, checked; secrets that nobody set are still empty. */
export interface Settings {
  /** The file's path, or "defaults". */
  readonly source: string;
  readonly values: OptionValues;
  /** Keys that somebody set, as opposed to defaults. */
  readonly set: ReadonlySet<string>;
  readonly withoutNamespace: ChannelOptions;
  readonly namespaces: ReadonlyMap<string, ChannelOptions>;
  readonly warnings: readonly string[];
}

/** @throws ConfigError with every problem at once. */
export function readSettings(sources: Sources): Settings {
  const gathered = emptyGathered();
  const file = findFile(sources.flags.config, sources.environment["FLEETCAST_CONFIG"], sources.folder);
  if (file !== undefined) gatherFile(gathered, readFile(file, sources.folder), file);
  gatherEnvironment(gathered, sources.environment);
  if (sources.flags.dataDir !== undefined) gathered.values.set("data_dir", { value: sources.flags.dataDir, source: "--data-dir" });

  const findings: Findings = { problems: gathered.problems, warnings: [], refused: [], unknown: [] };
  const values = judgeValues(gathered, findings);
  const channels = judgeNamespaces(gathered, values, findings);
  judgeStrays(gathered, findings);
  judgeTogether(values, gathered, findings.problems);

  const unknown = findings.unknown.map(({ path, source }) => `${source}: unknown key ${path}${suggestion(path, knownPaths())}`);
  for (const variable of gathered.strayVariables) {
    unknown.push(`environment: unknown name ${variable}${suggestion(variable, knownVariables())}`);
  }
  if (findings.refused.length > 0) {
    findings.problems.push({
      source: file ?? "environment",
      key: "",
      expected: `these keys of Centrifugo are not honoured by Fleetcast yet; remove them or give them their default: ${findings.refused.join("; ")}`,
    });
  }
  if (sources.strict === true) for (const text of unknown) findings.problems.push({ source: "--strict", key: "", expected: text });
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return {
    source: file ?? "defaults",
    values,
    set: new Set(gathered.values.keys()),
    ...channels,
    warnings: [...findings.warnings, ...unknown, ...warningsOf(values)],
  };
}

function judgeValues(gathered: Gathered, findings: Findings): OptionValues {
  const values: Record<string, unknown> = {};
  for (const [path, option] of Object.entries(options)) {
    values[path] = option.default;
    const raw = gathered.values.get(path);
    // A key without a value in YAML is null; the lists read it themselves.
    if (raw === undefined || (raw.value === null && option.kind !== "list")) continue;
    const read = option.parse(raw.value);
    if (read === undefined) findings.problems.push(problem(path, raw, option.kind === "secret", `expected ${option.expected}`));
    else values[path] = read.value;
    if (read?.warning !== undefined) findings.warnings.push(`${raw.source}: ${path}: ${read.warning}`);
  }
  // What ends TLS on this machine speaks for the world: its connections come from this machine, its devices do not.
  const isSaid = (gathered.values.get("mqtt.open_on_loopback")?.value ?? null) !== null;
  if (values["server.tls_in_front"] === true && !isSaid) values["mqtt.open_on_loopback"] = false;
  return values as OptionValues;
}

function judgeStrays(gathered: Gathered, findings: Findings): void {
  for (const { path, raw } of gathered.strays) {
    switch (standing(path, raw.value)) {
      case "idle":
        break;
      case "harmless":
        findings.warnings.push(`${raw.source}: ${path} has no effect in Fleetcast`);
        break;
      case "refused":
        findings.refused.push(`${path} (${raw.source})`);
        break;
      case "unknown":
        findings.unknown.push({ path, source: raw.source });
        break;
    }
  }
}

/** What only two keys together can get wrong. */
function judgeTogether(values: OptionValues, gathered: Gathered, problems: Problem[]): void {
  const raw = (path: OptionPath): Raw => gathered.values.get(path) ?? { value: values[path], source: "defaults" };
  if (values["client.ping_interval"] <= values["client.pong_timeout"]) {
    problems.push(problem("client.ping_interval", raw("client.ping_interval"), false, "must be longer than client.pong_timeout"));
  }
  for (const pattern of values["client.allowed_origins"] ?? []) {
    if (!isGlob(pattern))
      problems.push(problem("client.allowed_origins", { ...raw("client.allowed_origins"), value: pattern }, false, "is not a glob"));
  }
  const open = openAddresses(values);
  if (!values["server.tls_in_front"]) {
    const expected =
      "plain text beyond this machine: state with server.tls_in_front (FLEETCAST_SERVER_TLS_IN_FRONT=true) that TLS ends in front, or leave the address empty";
    for (const path of open) problems.push(problem(path, raw(path), false, expected));
  }
  if (
    !isLoopback(values["mqtt.address"]) &&
    values["mqtt.broker"] === "embedded" &&
    values["mqtt.enabled"] &&
    !values["server.tls_in_front"]
  ) {
    const expected = "plain MQTT beyond this machine: state with server.tls_in_front that TLS ends in front, or leave the address empty";
    problems.push(problem("mqtt.address", raw("mqtt.address"), false, expected));
  }
  for (const path of ["client.insecure", "http_api.insecure"] as const) {
    if (values[path] && open.length > 0 && !values["server.insecure_beyond_loopback"]) {
      problems.push(problem(path, raw(path), false, "with an address beyond this machine needs server.insecure_beyond_loopback as well"));
    }
  }
  if (values["http_server.internal_port"] !== 0 && values["http_server.internal_port"] === values["http_server.port"]) {
    problems.push(problem("http_server.internal_port", raw("http_server.internal_port"), false, "must differ from http_server.port"));
  }
}

/** HTTP addresses that others reach. The internal one counts where there is an internal port. */
function openAddresses(values: OptionValues): OptionPath[] {
  const doors: OptionPath[] = ["http_server.address"];
  if (values["http_server.internal_port"] !== 0) doors.push("http_server.internal_address");
  return doors.filter((path) => !isLoopback(String(values[path])));
}

function warningsOf(values: OptionValues): string[] {
  const warnings: string[] = [];
  for (const path of ["client.token.hmac_secret_key", "client.subscription_token.hmac_secret_key"] as const) {
    const length = Buffer.byteLength(values[path]);
    if (length > 0 && length < 32) warnings.push(`${path} is shorter than 32 bytes; a longer one is harder to guess`);
  }
  if (values["client.allowed_origins"]?.includes("*") === true) warnings.push("client.allowed_origins lets every page of the web connect");
  if (values["client.insecure"]) warnings.push("client.insecure lets everybody connect, read and publish");
  if (values["http_api.insecure"]) warnings.push("http_api.insecure answers /api without a key");
  if (values["server.tls_in_front"] && values["mqtt.open_on_loopback"] && values["mqtt.broker"] === "embedded") {
    warnings.push("mqtt.open_on_loopback lets every device in that comes through a proxy on this machine");
  }
  return warnings;
}

/** An address that only this machine reaches. Empty stands for 127.0.0.1 and ::1. */
export function isLoopback(address: string): boolean {
  return address === "" || address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

function isGlob(pattern: string): boolean {
  const open = (pattern.match(/\{/g) ?? []).length;
  const close = (pattern.match(/\}/g) ?? []).length;
  if (open !== close || (pattern.match(/\[/g) ?? []).length !== (pattern.match(/\]/g) ?? []).length) return false;
  try {
    picomatch.makeRe(pattern);
    return true;
  } catch {
    return false;
  }
}

function problem(path: string, raw: Raw, secret: boolean, expected: string): Problem {
  // An address may carry a password.
  const value = typeof raw.value === "string" ? raw.value.replace(/\/\/[^/@\s]*@/, "//(secret)@") : raw.value;
  return { source: raw.source, key: path, value: shown(value, secret), expected };
}

function knownPaths(): string[] {
  return [
    ...Object.keys(options),
    ...namesNotHonoured,
    ...Object.keys(namespaceOptions).map((option) => `channel.without_namespace.${option}`),
    ...namespaceNamesNotHonoured.map((option) => `channel.without_namespace.${option}`),
  ];
}

/** The nearest known name, where one is near enough to be meant. */
function suggestion(name: string, known: readonly string[]): string {
  const inNamespace = name.match(/^(channel\.namespaces\[\d+\] \([^)]*\)\.)(.*)$/);
  const [above, last] = inNamespace === null ? ["", name] : [inNamespace[1]!, inNamespace[2]!];
  const names = inNamespace === null ? known : [...Object.keys(namespaceOptions), ...namespaceNamesNotHonoured];
  const nearest = closest(last, names);
  return distance(last, nearest) <= Math.max(2, Math.floor(last.length / 4)) ? `; ${above}${nearest} was meant?` : "";
}
