import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fleetcast } from "../harness/fleetcast.ts";
import { eventually, freePorts, OwnProcess } from "../harness/process.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { mosquitto, requirePath, skipReason } from "../parts/find.ts";
import { scrape } from "./load.ts";

const centrifugo = findCentrifugo({ build: false });

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function readyz({ base }: Fleetcast): Promise<Answer> {
  const answer = await fetch(`${base}/readyz`);
  return { status: answer.status, body: (await answer.json()) as Answer["body"] };
}

/** Waits until a part says so, and the metric with it. */
async function becomes(fleetcast: Fleetcast, part: string, isWell: boolean): Promise<Answer> {
  const answer = await eventually(`${part} ${isWell}`, 20_000, async () => {
    const now = await readyz(fleetcast);
    return now.body[part] === isWell && now;
  });
  assert.match(await scrape(fleetcast.base), new RegExp(`fleetcast_ready\\{part="${part}"\\} ${isWell ? 1 : 0}\n`));
  return answer;
}

test("[PB2] [R4] with a real Centrifugo that is away the server is not ready, and is again when it comes back", {
  skip: skipReason(centrifugo),
}, async () => {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "centrifugo-probes-"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ http_api: { key: "their-key" }, health: { enabled: true } }));
  const start = async (): Promise<OwnProcess> => {
    const process = new OwnProcess("centrifugo", requirePath(centrifugo), ["-c", join(folder, "config.json")], {
      env: { CENTRIFUGO_HTTP_SERVER_PORT: String(port) },
    });
    await process.waitForHttp(`http://127.0.0.1:${port}/health`, 10_000);
    return process;
  };
  let real = await start();
  const fleetcast = await Fleetcast.started({
    config: {
      push: { engine: "centrifugo", centrifugo: { url: `http://127.0.0.1:${port}`, api_key: "their-key" } },
      prometheus: { enabled: true },
    },
  });
  try {
    assert.equal((await becomes(fleetcast, "push", true)).status, 200);
    await real.end("SIGKILL").catch(() => undefined);
    const away = await becomes(fleetcast, "push", false);
    assert.deepEqual([away.status, away.body["status"], away.body["store"]], [503, "not ready", true]);
    for (const path of ["/health", "/livez"]) assert.equal((await fetch(`${fleetcast.base}${path}`)).status, 200, path);
    real = await start();
    assert.equal((await becomes(fleetcast, "push", true)).status, 200);
  } finally {
    await fleetcast.remove();
    await real.end("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  }
});

test("[PB3] a Mosquitto that is away is told in the body, and screens are served all the same", {
  skip: skipReason(mosquitto),
}, async () => {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "mosquitto-probes-"));
  writeFileSync(join(folder, "m.conf"), `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  const fleetcast = await Fleetcast.started({ config: { mqtt: { broker: `mqtt://127.0.0.1:${port}` }, prometheus: { enabled: true } } });
  let broker: OwnProcess | undefined;
  try {
    assert.equal((await becomes(fleetcast, "intake", false)).status, 200);
    broker = new OwnProcess("mosquitto", requirePath(mosquitto), ["-c", join(folder, "m.conf")]);
    assert.equal((await becomes(fleetcast, "intake", true)).status, 200);
  } finally {
    await fleetcast.remove();
    await broker?.end("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  }
});

test("[PB2] who is starting or draining takes nobody in: ready only once everything is open, and never after SIGTERM", async () => {
  const fleetcast = await Fleetcast.prepare();
  const statuses: (number | "closed")[] = [];
  const process = fleetcast.spawn();
  let goesOn = true;
  const asking = (async () => {
    while (goesOn) {
      statuses.push(
        await fetch(`${fleetcast.base}/readyz`).then(
          ({ status }) => status,
          () => "closed" as const,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await process.waitForHttp(`${fleetcast.base}/readyz`, 20_000);
  const readyAt = statuses.length;
  assert.equal(await process.end("SIGTERM", 35_000), 0);
  goesOn = false;
  await asking;
  await fleetcast.remove();
  assert.ok(readyAt > 0 && statuses[0] === "closed", "nobody is let in before the start is over");
  assert.equal(statuses.at(-1), "closed");
  const changes = statuses.filter((status, at) => status !== statuses[at - 1]);
  const lastReady = changes.lastIndexOf(200);
  assert.ok(lastReady > 0, JSON.stringify(changes));
  assert.ok(!changes.slice(lastReady + 1).includes(200), JSON.stringify(changes));
});
