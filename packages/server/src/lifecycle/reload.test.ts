import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { createReload } from "./reload.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetcast-reload-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A reload with its file, its log and what it handed to the app in a test's hands. */
function rig(first: string, environment: Record<string, string> = {}) {
  const file = join(folder, "fleetcast.yaml");
  const read = () => loadConfig({ flags: { config: file, dataDir: join(folder, "data") }, environment, folder }, false);
  const write = (text: string): void => writeFileSync(file, text);
  write(first);
  loadConfig({ flags: { config: file, dataDir: join(folder, "data") }, environment, folder });
  const lines: { level: string; text: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const say = (level: string) => (fields: Readonly<Record<string, unknown>>, text: string) => lines.push({ level, text, fields });
  const taken: Config[] = [];
  const app = {
    reloads: { taken: 0, refused: 0 },
    reload(next: Config) {
      if (next.engine.namespaces.has("bad")) throw new Error("it cannot be taken");
      taken.push(next);
    },
  };
  const log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  return { reload: createReload({ first: read(), read, app, log }), counts: app.reloads, write, lines, taken };
}

const start = "channel: {namespaces: [{name: news}]}\nclient: {token: {hmac_secret_key: a-key-of-at-least-thirty-two-bytes-1}}\n";

test("[R6] a right file is taken whole, with one line that names what changed", () => {
  const { reload, counts, write, lines, taken } = rig(start);
  write(start.replace("{name: news}", "{name: news, presence: true}, {name: chat}").replace("bytes-1", "bytes-2"));
  reload();
  assert.deepEqual(lines, [
    { level: "info", text: "the configuration was reloaded", fields: { changed: "client.token.hmac_secret_key channel.namespaces" } },
  ]);
  assert.equal(taken[0]?.engine.namespaces.get("news")?.presence, true);
  assert.match(taken[0]?.client.token.hmacSecretKey ?? "", /bytes-2$/);
  reload();
  assert.equal(taken.length, 1, "nothing changed, so nobody is asked");
  assert.deepEqual(counts, { taken: 2, refused: 0 });
});

test("[R6] [F16] a bad file, a half one, and one that needs a restart change nothing, with one line each and a count", () => {
  const { reload, counts, write, lines, taken } = rig(start);
  const bad: readonly [string, RegExp][] = [
    [
      "channel: {namespaces: [{name: news}, {name: news}]}\nhttp_server: {port: x}\n",
      /http_server\.port = "x".*; .*this name stands there twice$/,
    ],
    [start.slice(0, 40), /does not parse/],
    [`${start}http_server: {port: 8001}\nmqtt: {port: 1999}\n`, /only a restart takes http_server\.port, mqtt\.port$/],
    [`${start}channel.namespace_boundary: "/"\n`, /only a restart takes channel\.namespace_boundary/],
    ["channel: {namespaces: [{name: news}]}\n", /only a restart makes a key where none is set \(token_hmac_secret_key\)/],
    [start.replace("{name: news}", "{name: events, history_size: 5000, history_ttl: 60s}"), /a longer history than any namespace had/],
    [start.replace("{name: news}", "{name: bad}"), /it cannot be taken/],
    [start.replace("{name: news}", "{name: news, subscribe_proxy_enabled: true}"), /a proxy that is used needs an endpoint/],
  ];
  for (const [text, why] of bad) {
    write(text);
    reload();
    const line = lines.at(-1);
    assert.equal(line?.level, "error");
    assert.match(line.text, /^the configuration was not reloaded, the old one stays: /);
    assert.match(line.text, why);
    assert.ok(!line.text.includes("\n"));
  }
  assert.deepEqual([lines.length, taken.length, counts], [bad.length, 0, { taken: 0, refused: bad.length }]);
  write(start.replace("{name: news}", "{name: news, presence: true}"));
  reload();
  assert.equal(taken.length, 1, "the next right one is taken");
});

test("an unknown key is a warning of a reload as of a start; a key that the environment sets stays", () => {
  const { reload, write, lines, taken } = rig(start, { CENTRIFUGO_CLIENT_CHANNEL_LIMIT: "5" });
  write(`${start}clent: {channel_limit: 7}\n`);
  reload();
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["info", "warn"],
  );
  assert.match(lines[1]!.text, /unknown key clent\.channel_limit; client\.channel_limit was meant\?/);
  write(`${start}client.channel_limit: 7\n`);
  reload();
  assert.equal(taken.length, 0);
});

test("behind a real Centrifugo only the keys of tokens are taken", () => {
  const behind = `${start}push: {engine: centrifugo, centrifugo: {api_key: k}}\n`;
  const { reload, write, lines, taken } = rig(behind);
  write(behind.replace("bytes-1", "bytes-2"));
  reload();
  write(behind.replace("bytes-1", "bytes-2").replace("{name: news}", "{name: news}, {name: chat}"));
  reload();
  assert.equal(taken.length, 1);
  assert.match(lines[1]!.text, /only a restart takes channel\.namespaces/);
});
