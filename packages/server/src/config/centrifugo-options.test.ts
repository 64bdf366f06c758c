import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { centrifugoBinary, withoutCentrifugo } from "../push/centrifugo/testing-centrifugo.ts";
import { readSettings } from "./settings.ts";
import { listPaths, namedLists } from "./table/lists.ts";
import type { Option } from "./table/option.ts";
import { centrifugoOptions } from "./table/options.ts";
import committed from "./testing/centrifugo-6.9.6.json" with { type: "json" };
import { type CentrifugoOptions, optionsOfCentrifugo, variableOf } from "./testing/centrifugo-options.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetcast-options-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Our tables by the names that the list uses. */
const ours = new Map<string, Option<unknown>>([
  ...Object.entries(centrifugoOptions),
  ...listPaths.flatMap((list) =>
    Object.entries(namedLists[list].table).map(([option, declared]): [string, Option<unknown>] => [`${list}[].${option}`, declared]),
  ),
]);

/** Every entry of a list has its name beside its options, and the list itself is set as a whole. */
const notInTables = new Set(listPaths.flatMap((list) => [`${list}[].name`, list]).map(variableOf));

test("every option of Centrifugo v6.9.6 is in our tables, and they hold nothing that it does not have", () => {
  const real = new Set(Object.keys(committed).map(asVariable));
  const here = new Set([...ours.keys()].map(variableOf));
  assert.deepEqual(
    [...real].filter((name) => !here.has(name) && !notInTables.has(name)),
    [],
  );
  assert.deepEqual(
    [...here].filter((name) => !real.has(name)),
    [],
  );
});

/** Where our default is another one on purpose. */
const otherDefaults = new Set(["health.enabled"]);

test("every default is that of Centrifugo v6.9.6, as far as its file can say it", () => {
  const byVariable = new Map([...ours].map(([path, option]) => [variableOf(path), { path, option }]));
  for (const [name, value] of Object.entries(committed as CentrifugoOptions)) {
    const found = byVariable.get(asVariable(name));
    if (found === undefined || otherDefaults.has(found.path) || name === "proxies[].endpoint" || name === "consumers[].type") continue;
    const read = found.option.parse(name.startsWith("CENTRIFUGO_") ? unquoted(String(value)) : value, {});
    assert.ok(read !== undefined && "value" in read, `${name} = ${JSON.stringify(value)} is not read`);
    assert.deepEqual(read.value, found.option.default, name);
  }
});

test("the committed list of options is the real one's", { skip: withoutCentrifugo() }, () => {
  assert.deepEqual(committed, optionsOfCentrifugo(centrifugo, folder));
});

test("what the real one prints as its complete default file starts Fleetcast, strictly, in all three formats", {
  skip: withoutCentrifugo(),
}, () => {
  for (const extension of ["json", "yaml", "toml"]) {
    const config = join(folder, `default.${extension}`);
    centrifugo("defaultconfig", "--config", config);
    const { warnings, values } = readSettings({ flags: { config }, environment: {}, folder, strict: true });
    assert.deepEqual(warnings, [], extension);
    assert.equal(values["client.ping_interval"], 25_000);
  }
});

test("what it prints as its complete default environment starts Fleetcast, strictly", { skip: withoutCentrifugo() }, () => {
  const environment = Object.fromEntries(
    centrifugo("defaultenv")
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), unquoted(line.slice(line.indexOf("=") + 1))]),
  );
  const { warnings, values } = readSettings({ flags: {}, environment, folder, strict: true });
  assert.deepEqual(warnings, []);
  assert.equal(values["channel.history_meta_ttl"], 720 * 3_600_000);
});

function centrifugo(...args: string[]): string {
  return execFileSync(centrifugoBinary!, args, { encoding: "utf8", cwd: folder, env: {} });
}

function asVariable(name: string): string {
  return name.startsWith("CENTRIFUGO_") ? name : variableOf(name);
}

/** A value as a shell would read it. */
function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('\\"', '"') : text;
}
