import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { centrifugoBinary, withoutCentrifugo } from "../../push/centrifugo/testing-centrifugo.ts";
import { readSettings, type Settings } from "../settings.ts";
import { environmentLines } from "./environment-lines.ts";
import { type Format, written } from "./formats.ts";
import { jsonSchema } from "./json-schema.ts";
import { wholeTree } from "./whole-tree.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetcast-print-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const formats = ["json", "yaml", "toml"] as const satisfies readonly Format[];
const variables = { CENTRIFUGO_VAR_KEY: "s3" };
let files = 0;

function settingsOf(text: string, format: Format): Settings {
  const config = join(folder, `c${files++}.${format}`);
  writeFileSync(config, text);
  return readSettings({ flags: { config }, environment: variables, folder, strict: true });
}

function settingsOfEnvironment(environment: Record<string, string>): Settings {
  return readSettings({ flags: { config: "" }, environment: { ...variables, ...environment }, folder, strict: true });
}

/** What a shell makes of `NAME="..."`. */
function parsed(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [name, quoted] = [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 2, -1)];
      return [name, quoted.replaceAll(/\\(.)/g, "$1")];
    }),
  );
}

/** Everything that was decided, without where it came from. */
function decided({ values, withoutNamespace, namespaces, proxies, rpc }: Settings) {
  return { values, withoutNamespace, namespaces, proxies, rpc };
}

const empty = () => readSettings({ flags: { config: "" }, environment: {}, folder });

/** Something of every kind, with names and texts that need quotes. */
const richFile = JSON.stringify({
  client: {
    token: { hmac_secret_key: 'a "quoted" $ecret`\\ of the operator, long enough' },
    allowed_origins: ["https://a.example", "https://*.b.example"],
    ping_interval: "1h1m1.5s",
    concurrency: 8,
    proxy: {
      connect: {
        enabled: true,
        endpoint: "https://backend/connect",
        http: { status_to_code_transforms: [{ status_code: 404, to_disconnect: { code: 4_040, reason: 'not "here"' } }] },
      },
    },
  },
  channel: {
    without_namespace: { presence: true },
    namespaces: [
      { name: "chat-room", history_size: 7, history_ttl: "60s", allowed_delta_types: ["fossil"] },
      { name: "map.s", subscription_type: "map", map: { mode: "recoverable", key_ttl: "10s" } },
    ],
  },
  proxies: [{ name: "own", endpoint: "http://own", http: { static_headers: { "x-key": `\${${"CENTRIFUGO_VAR_KEY"}}` } } }],
  rpc: { namespaces: [{ name: "cart", proxy_enabled: true, proxy_name: "own" }] },
  mqtt: { port: 1_999 },
  push: { channels: { "chat-room": { max_rate: 4, slow_readers: "latest" } } },
});

const rich = () => settingsOf(richFile, "json");

test("a complete file, printed from a configuration, is that configuration: JSON, YAML and TOML", () => {
  for (const settings of [empty(), rich()]) {
    for (const format of formats) {
      const again = settingsOf(written(wholeTree(settings.written), format), format);
      assert.deepEqual(decided(again), decided(settings), format);
    }
  }
});

test("a complete environment, printed from a configuration, is that configuration; so is the part that was set", () => {
  for (const settings of [empty(), rich()]) {
    const all = settingsOfEnvironment(parsed(environmentLines(settings.written, false)));
    const set = settingsOfEnvironment(parsed(environmentLines(settings.written, true)));
    assert.deepEqual(decided(all), decided(settings));
    assert.deepEqual(decided(set), decided(settings));
  }
  assert.deepEqual(environmentLines(empty().written, true), []);
});

test("the real Centrifugo takes the complete file that Fleetcast prints", { skip: withoutCentrifugo() }, () => {
  for (const [settings, name] of [
    [empty(), "default"],
    [rich(), "rich"],
  ] as const) {
    for (const format of formats) {
      const config = join(folder, `${name}.${format}`);
      writeFileSync(config, written(wholeTree(settings.written), format));
      execFileSync(centrifugoBinary!, ["checkconfig", "-c", config], { env: variables });
    }
  }
});

test("what the real one prints from a file, as file and as environment, is that file to us", { skip: withoutCentrifugo() }, () => {
  const base = join(folder, "base.json");
  const { mqtt: _devices, push: _own, ...theirs } = JSON.parse(richFile) as Record<string, unknown>;
  const centrifugos = { ...theirs, health: { enabled: true } };
  writeFileSync(base, JSON.stringify(centrifugos));
  const run = (...args: string[]) => execFileSync(centrifugoBinary!, args, { env: variables, encoding: "utf8", cwd: folder });
  const expected = decided(settingsOf(JSON.stringify(centrifugos), "json"));
  for (const format of formats) {
    const config = join(folder, `printed.${format}`);
    rmSync(config, { force: true });
    run("defaultconfig", "-b", base, "-c", config);
    assert.deepEqual(decided(settingsOf(readFileSync(config, "utf8"), format)), expected, format);
  }
  const lines = run("defaultenv", "-b", base).trim().split("\n");
  const environment = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), asShell(line.slice(line.indexOf("=") + 1))]),
  );
  assert.deepEqual(decided(settingsOfEnvironment(environment)), expected);
});

/** Its quotes protect nothing but quotes, and each text of a list has its own. */
function asShell(text: string): string {
  if (/^("[^"\s]*"( |$)){2,}/.test(text)) return text.replaceAll('"', "");
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('\\"', '"') : text;
}

type Schema = Readonly<Record<string, unknown>>;

/** The keywords that our schema uses, no more: where the value does not fit. */
function misfits(schema: Schema, value: unknown, root: Schema, path: string): string[] {
  const reference = schema["$ref"] as string | undefined;
  if (reference !== undefined) {
    const name = reference.replace("#/$defs/", "");
    return misfits((root["$defs"] as Record<string, Schema>)[name]!, value, root, path);
  }
  if (schema["enum"] !== undefined) return (schema["enum"] as unknown[]).includes(value) ? [] : [path];
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
  const types = [schema["type"]].flat();
  if (!types.includes(kind)) return [path];
  if (kind === "array")
    return (value as unknown[]).flatMap((item, index) => misfits((schema["items"] ?? {}) as Schema, item, root, `${path}[${index}]`));
  if (kind === "string" && schema["pattern"] !== undefined)
    return new RegExp(schema["pattern"] as string).test(value as string) ? [] : [path];
  if (kind !== "object") return [];
  const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
  return Object.entries(value as object).flatMap(([key, inner]) => {
    const known = properties[key] ?? schema["additionalProperties"];
    if (known === false) return [`${path}.${key} is unknown`];
    return typeof known === "object" ? misfits(known as Schema, inner, root, `${path}.${key}`) : [];
  });
}

test("the JSON Schema takes complete files and tells an unknown key, a wrong type and a wrong word", () => {
  const schema = jsonSchema();
  const tree = (settings: Settings) => JSON.parse(JSON.stringify(wholeTree(settings.written))) as object;
  assert.deepEqual(misfits(schema, { $schema: "fleetcast.schema.json", ...tree(empty()) }, schema, ""), []);
  assert.deepEqual(misfits(schema, tree(rich()), schema, ""), []);
  const wrong = {
    client: { ping_intervall: "3s", ping_interval: "3", insecure: "yes" },
    channel: { namespaces: [{ name: "n", force_recovery_mode: "all" }] },
    proxies: [{ http: { tls: { enabled: 1 } } }],
    push: { channels: { news: { journal: 1 } } },
  };
  assert.deepEqual(misfits(schema, wrong, schema, "").sort(), [
    ".channel.namespaces[0].force_recovery_mode",
    ".client.insecure",
    ".client.ping_interval",
    ".client.ping_intervall is unknown",
    ".proxies[0].http.tls.enabled",
    ".push.channels.news.journal",
  ]);
});

test("$schema in a file is for editors and not an unknown key", () => {
  assert.deepEqual(settingsOf('{"$schema":"x"}', "json").warnings, []);
});
