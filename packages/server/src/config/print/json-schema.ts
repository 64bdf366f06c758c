import { listPaths, namedLists } from "../table/lists.ts";
import type { Option } from "../table/option.ts";
import { pushChannelOptions } from "../table/options/namespace.ts";
import { options } from "../table/options.ts";
import { standingOf, type Table } from "../table/standing.ts";
import { fileDefault } from "./file-form.ts";

type Schema = { readonly [keyword: string]: unknown };

/**
 * The schema that editors check and complete a configuration file with (`$schema` in the file). Made from the table; what is
 * right as the start judges it may be more than an editor is told: text in place of a number, keys in capitals.
 */
export function jsonSchema(): Schema {
  const root = objectOf(options, options, "");
  const properties = root["properties"] as Record<string, Schema>;
  for (const list of listPaths) place(properties, list, listSchema(list));
  const push = properties["push"] as { properties: Record<string, Schema> };
  push.properties["channels"] = { type: "object", additionalProperties: objectOf(pushChannelOptions, pushChannelOptions, "") };
  properties["$schema"] = { type: "string" };
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "Fleetcast configuration", ...withSharedParts(root) };
}

function listSchema(list: (typeof listPaths)[number]): Schema {
  const { table } = namedLists[list];
  const entry = objectOf(table, table, "");
  const properties = { name: { type: "string" }, ...(entry["properties"] as Schema) };
  return { type: ["array", "null"], items: { ...entry, properties, required: ["name"] } };
}

/** The keys below `above` as nested objects. `whole` is the table that sections and standings are looked up in. */
function objectOf(whole: Table, table: Table, above: string): Schema {
  const properties: Record<string, Schema> = {};
  const sections = new Map<string, Record<string, Option<unknown>>>();
  for (const [path, option] of Object.entries(table)) {
    const dot = path.indexOf(".");
    if (dot < 0) properties[path] = leaf(option, standingWords(whole, `${above}${path}`));
    else {
      const section = sections.get(path.slice(0, dot)) ?? {};
      section[path.slice(dot + 1)] = option;
      sections.set(path.slice(0, dot), section);
    }
  }
  for (const [name, section] of sections) properties[name] = objectOf(whole, section, `${above}${name}.`);
  return { type: ["object", "null"], properties, additionalProperties: false };
}

/** What belongs to something refused says nothing itself: that way a group is the same wherever it stands. */
function standingWords(whole: Table, path: string): string | undefined {
  const standing = standingOf(whole, path);
  if (standing === undefined || standing.kind === "part") return undefined;
  return standing.kind === "refused" ? `Refused: ${standing.remedy}.` : `Not needed: ${standing.why}.`;
}

function leaf(option: Option<unknown>, standing: string | undefined): Schema {
  const initial = fileDefault(option);
  return {
    ...typeOf(option),
    description: [option.sentence, standing].filter((part) => part !== undefined).join(" "),
    ...(initial === null || option.kind === "secret" ? {} : { default: initial }),
    ...(standing === undefined ? {} : { deprecated: true }),
  };
}

function typeOf(option: Option<unknown>): Schema {
  switch (option.kind) {
    case "bool":
      return { type: ["boolean", "null"] };
    case "int":
      return { type: option.empty === undefined ? ["integer", "null"] : ["integer", "string", "null"] };
    case "bytes":
      return { type: ["integer", "string", "null"], pattern: "^([0-9]+ ?(B|KiB|MiB|GiB)?)?$" };
    case "duration":
      return { type: ["string", "integer", "null"], pattern: "^(0|([0-9]+(\\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h))+)?$" };
    case "list":
      return { type: ["array", "null"], items: { type: "string" } };
    case "map":
      return { type: ["object", "array", "null"] };
    case "objects":
      return { type: ["array", "null"], items: { type: "object" } };
    case "enum":
      return { enum: [...new Set([...(option.values ?? []), "", null])] };
    default:
      return { type: ["string", "null"] };
  }
}

function place(properties: Record<string, Schema>, path: string, schema: Schema): void {
  const parts = path.split(".");
  let at = properties;
  for (const part of parts.slice(0, -1)) at = (at[part] as { properties: Record<string, Schema> }).properties;
  at[parts.at(-1)!] = schema;
}

/** Groups that stand more than once (TLS, proxies, Redis) are written once and referred to. */
function withSharedParts(root: Schema): Schema {
  const counts = new Map<string, number>();
  const count = (schema: unknown): void => {
    if (typeof schema !== "object" || schema === null) return;
    if ("properties" in schema) {
      const text = JSON.stringify(schema);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    for (const inner of Object.values(schema)) count(inner);
  };
  count(root);
  const names = new Map<string, string>();
  const shared: Record<string, Schema> = {};
  const refer = (schema: unknown, name: string): unknown => {
    if (typeof schema !== "object" || schema === null) return schema;
    if (Array.isArray(schema)) return schema.map((item) => refer(item, name));
    const text = "properties" in schema ? JSON.stringify(schema) : "";
    const known = names.get(text);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, refer(value, key)]));
    if ((counts.get(text) ?? 0) < 2) return inner;
    const free = [name, ...Array.from({ length: 9 }, (_, index) => `${name}_${index + 2}`)].find((candidate) => !(candidate in shared))!;
    names.set(text, free);
    shared[free] = inner;
    return { $ref: `#/$defs/${free}` };
  };
  return { ...(refer(root, "root") as Schema), $defs: shared };
}
