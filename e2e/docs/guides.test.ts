import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../harness/fleetcast.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { curl, mosquitto, mosquittoPub, nginx, type Part, program, skipReason } from "../parts/find.ts";
import { canConnect } from "../parts/mosquitto.ts";
import { stepsOf, withoutRemarks } from "./page.ts";
import { pahoMqtt } from "./paho.ts";
import { runPage } from "./run-page.ts";
import { hasOwnNetwork } from "./terminal.ts";

/** Everything that the guides tell their readers to do is done here, with the real parts that they name. */
const centrifugo = findCentrifugo({ build: false });
const redis = program("redis-server", "Debian package redis-server");
const openssl = program("openssl", "Debian package openssl");
const node = program("node", "Node 20.19 or newer");

const guides: readonly { readonly page: string; readonly parts: readonly Part[] }[] = [
  { page: "first-ten-minutes", parts: [mosquittoPub, curl, node] },
  { page: "integration", parts: [mosquittoPub, curl, node, nginx, openssl] },
  { page: "devices", parts: [mosquittoPub, node, pahoMqtt] },
  { page: "tokens", parts: [curl, node, openssl] },
  { page: "proxies", parts: [curl, node] },
  { page: "production", parts: [curl, mosquittoPub, node] },
  { page: "from-centrifugo", parts: [curl] },
  { page: "centrifugo-cluster", parts: [curl, mosquitto, mosquittoPub, nginx, centrifugo, redis] },
];

/** Without a network of its own a page needs its ports on this machine, and another program may have them. */
const ports = [1883, 3000, 6379, 8000, 8001, 8002, 8011, 8443];
const taken = hasOwnNetwork ? [] : await takenOf(ports);
const freePortsHere: Part =
  taken.length === 0
    ? { found: true, path: "" }
    : { found: false, why: `ports ${taken.join(", ")} are taken, and pages cannot have a network of their own (unshare, ip)` };

async function takenOf(numbers: readonly number[]): Promise<number[]> {
  const answers = await Promise.all(numbers.map((port) => canConnect(port)));
  return numbers.filter((_, index) => answers[index]);
}

/** Pages share nothing where each has a network of its own; two at a time are done sooner. */
const pagesAtOnce = hasOwnNetwork ? 2 : 1;
let places = pagesAtOnce;
const waiting: (() => void)[] = [];

async function inTurn(run: () => Promise<void>): Promise<void> {
  if (places === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  else places--;
  try {
    await run();
  } finally {
    const next = waiting.shift();
    if (next === undefined) places++;
    else next();
  }
}

const file = (page: string, language: "en" | "zh-CN"): string => join(root, "docs", `${page}${language === "en" ? "" : ".zh-CN"}.md`);

for (const { page, parts } of guides) {
  const skip = skipReason(freePortsHere, ...parts);
  // Begun at once and looked at in its turn: `bun test` runs the tests of one file one after another.
  const done: Promise<unknown> = skip === false ? inTurn(() => follow(page, parts)).catch((error: unknown) => error) : Promise.resolve();
  describe(`docs/${page}.md`, () => {
    test("[DOC3] both languages tell the same commands, files and outputs", () => {
      const [english, chinese] = (["en", "zh-CN"] as const).map((language) => stepsOf(readFileSync(file(page, language), "utf8")));
      assert.deepEqual(chinese!.map(withoutRemarks), english!.map(withoutRemarks));
    });

    test("[DOC4] what is not run says why, and is little", () => {
      const steps = stepsOf(readFileSync(file(page, "en"), "utf8"));
      const left = steps.filter((step) => step.kind === "parse");
      const run = steps.filter((step) => step.kind === "run" || step.kind === "start");
      for (const step of left) assert.ok(step.why.length > 8, `line ${step.line}: "${step.why}" is no reason`);
      assert.ok(left.length <= Math.max(2, run.length), `${left.length} commands are left out, ${run.length} are run`);
    });

    test("[DOC5] every command works as the page says", { skip, timeout: 110_000 }, async () => {
      const error = await done;
      if (error !== undefined) throw error;
    });
  });
}

async function follow(page: string, parts: readonly Part[]): Promise<void> {
  for (const part of [freePortsHere, ...parts]) if (!part.found) throw new Error(part.why);
  await runPage(`docs/${page}.md`, stepsOf(readFileSync(file(page, "en"), "utf8")));
}
