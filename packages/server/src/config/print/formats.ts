import { extname } from "node:path";
import { stringify as toToml } from "smol-toml";
import { stringify as toYaml } from "yaml";

export type Format = "json" | "yaml" | "toml";

/** By the ending of the file's name; undefined for another one. */
export function formatOf(file: string): Format | undefined {
  switch (extname(file).toLowerCase()) {
    case ".json":
      return "json";
    case ".yaml":
    case ".yml":
      return "yaml";
    case ".toml":
      return "toml";
    default:
      return undefined;
  }
}

export function written(tree: Readonly<Record<string, unknown>>, format: Format): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(tree, undefined, 2)}\n`;
    case "yaml":
      return toYaml(tree, { lineWidth: 0 });
    case "toml":
      // TOML has no null: a key without a value is left out.
      return `${toToml(withoutNulls(tree) as Record<string, unknown>)}\n`;
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])));
}
