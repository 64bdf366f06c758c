import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { absenceOf } from "../../packages/server/src/metrics/table/absent.ts";
import { allFamilies } from "../../packages/server/src/metrics/table/all.ts";
import { API_KEY, Fleetcast } from "../harness/fleetcast.ts";
import { freePorts, OwnProcess } from "../harness/process.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { requirePath, skipReason } from "../parts/find.ts";
import { scrape, scriptedSession, sharedConfig, startBackend } from "./load.ts";
import { familiesOf } from "./scrape-text.ts";

const centrifugo = findCentrifugo({ build: false });

async function scrapeOfTheReal(backendUrl: string): Promise<string> {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "centrifugo-metrics-"));
  writeFileSync(join(folder, "config.json"), JSON.stringify(sharedConfig(backendUrl)));
  const process = new OwnProcess("centrifugo", requirePath(centrifugo), ["-c", join(folder, "config.json")], {
    env: { CENTRIFUGO_HTTP_SERVER_PORT: String(port), CENTRIFUGO_HEALTH_ENABLED: "true" },
  });
  try {
    const base = `http://127.0.0.1:${port}`;
    await process.waitForHttp(`${base}/health`, 10_000);
    await scriptedSession(base, API_KEY);
    return await scrape(base);
  } finally {
    await process.end("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  }
}

test("[MET9] a scrape of the real server: each of its names is ours with its type and labels, or the reference says why not", {
  skip: skipReason(centrifugo),
}, async () => {
  const backend = await startBackend();
  const fleetcast = await Fleetcast.started({ config: sharedConfig(backend.url) });
  try {
    const real = familiesOf(await scrapeOfTheReal(backend.url));
    assert.ok(real.size > 60, `${real.size} names`);
    await scriptedSession(fleetcast.base, API_KEY);
    const ours = familiesOf(await scrape(fleetcast.base));
    const problems: string[] = [];
    for (const [name, family] of real) {
      const declared = allFamilies.find((one) => one.name === name);
      if (declared === undefined) {
        if (absenceOf(name) === undefined) problems.push(`${name}: neither ours nor excused`);
        continue;
      }
      if (absenceOf(name) !== undefined) problems.push(`${name}: ours, and excused all the same`);
      const here = ours.get(name);
      if (here === undefined) problems.push(`${name}: declared, but not in our scrape of the same session`);
      else if (JSON.stringify(here) !== JSON.stringify(family)) {
        problems.push(`${name}: ${JSON.stringify(here)} here, ${JSON.stringify(family)} there`);
      }
    }
    assert.deepEqual(problems, []);
    for (const name of ours.keys())
      assert.ok(
        allFamilies.some((family) => family.name === name),
        `${name} is not in the reference`,
      );
  } finally {
    backend.close();
    await fleetcast.remove();
  }
});
