/** The one place that reads the process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function processEnvironment(): Environment {
  return process.env;
}

/** A path of the table as a variable: `client.ping_interval` is FLEETCAST_CLIENT_PING_INTERVAL. */
export function variableName(path: string, prefix: "FLEETCAST" | "CENTRIFUGO" = "FLEETCAST"): string {
  return `${prefix}_${variablePart(path)}`;
}

/** A path, or the name of a namespace, as part of a variable's name. */
export function variablePart(path: string): string {
  return path.toUpperCase().replaceAll(/[.-]/g, "_");
}

/** True when the person's own language is Chinese, by LC_ALL before LC_MESSAGES before LANG. */
export function prefersChinese(environment: Environment): boolean {
  const language = environment["LC_ALL"] || environment["LC_MESSAGES"] || environment["LANG"] || "";
  return /^zh/i.test(language);
}
