import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { API_KEY, Fleetcast, TOKEN_SECRET } from "../e2e/harness/fleetcast.ts";
import { freePorts, OwnProcess } from "../e2e/harness/process.ts";
import { bearerToken } from "../e2e/harness/tokens.ts";
import { findCentrifugo } from "../e2e/parts/centrifugo.ts";
import { requirePath } from "../e2e/parts/find.ts";
import { Mosquitto } from "../e2e/parts/mosquitto.ts";
import { native } from "./build.ts";
import { startPostgres } from "./postgres.ts";
import { load, machine, median, round, table, tree } from "./run.ts";

export interface Way {
  readonly seconds: number;
  readonly sent: number;
  readonly acked: number;
  readonly delivered: number;
  readonly cpu_us: number;
  readonly puback_p50_us: number;
  readonly puback_p99_us: number;
  readonly screen_p50_us: number;
  readonly screen_p99_us: number;
  readonly screen_max_us: number;
  readonly rss_kb: number;
}

interface Pipeline {
  readonly name: string;
  readonly mqttPort: number;
  readonly wsPort: number;
  readonly pids: () => string;
  stop(): Promise<void>;
}

export async function startOurPipeline(): Promise<Pipeline> {
  const fleetcast = await Fleetcast.started({ config: { log: { level: "warn" } } });
  const pid = fleetcast.process.child.pid!;
  return {
    name: "Fleetcast, embedded",
    mqttPort: fleetcast.mqttPort,
    wsPort: fleetcast.httpPort,
    pids: () => tree(pid),
    stop: () => fleetcast.remove(),
  };
}

/** Mosquitto, a Node bridge, PostgreSQL, Centrifugo: what a team wires by hand. */
export async function startHandWired(): Promise<Pipeline> {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-bench-"));
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({
      http_server: { address: "127.0.0.1", port: String(port) },
      http_api: { key: API_KEY },
      health: { enabled: true },
      client: { token: { hmac_secret_key: TOKEN_SECRET } },
      channel: {
        namespaces: [
          {
            name: "telemetry",
            allow_subscribe_for_client: true,
            history_size: 10,
            history_ttl: "24h",
            force_recovery: true,
            presence: true,
          },
        ],
      },
    }),
  );
  const centrifugo = new OwnProcess("centrifugo", requirePath(findCentrifugo({ build: true })), ["-c", join(folder, "config.json")], {
    cwd: folder,
  });
  await centrifugo.waitForHttp(`http://127.0.0.1:${port}/health`, 15_000);
  const postgres = await startPostgres();
  const mosquitto = await Mosquitto.started(
    (mqttPort, data) =>
      `listener ${mqttPort} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${data}/\nautosave_interval 1\nmax_inflight_messages 2000\nmax_queued_messages 200000\n`,
  );
  const script = join(dirname(fileURLToPath(import.meta.url)), "peers", "bridge.mjs");
  const bridge = new OwnProcess("bridge", "node", [
    script,
    JSON.stringify({ mqtt: mosquitto.url, postgres: postgres.url, centrifugo: `http://127.0.0.1:${port}`, key: API_KEY }),
  ]);
  await bridge.waitForOutput(/bridge ready/, 20_000);
  return {
    name: "Mosquitto + Node bridge + PostgreSQL + Centrifugo",
    mqttPort: mosquitto.port,
    wsPort: port!,
    pids: () => tree(centrifugo.child.pid!, postgres.pid, mosquitto.process.child.pid!, bridge.child.pid!),
    stop: async () => {
      bridge.child.kill("SIGKILL");
      await mosquitto.stop();
      await centrifugo.end("SIGTERM");
      await postgres.stop();
    },
  };
}

/** The whole way at rising rates, both in one run: CPU a message, publish -> PUBACK, publish -> screen. */
export async function pipeline(options: { readonly rounds: number; readonly seconds: number }): Promise<string> {
  const binary = native("way-load");
  const token = await bearerToken({ sub: "bench" });
  const rates = [1_000, 4_000, 8_000, 12_000, 16_000];
  const rows: (string | number)[][] = [];
  const out = [
    `Measured on ${machine()}; 50 machines, 1 screen that watches all; medians of ${options.rounds} rounds of ${options.seconds} s.`,
  ];
  const systems = [await startHandWired(), await startOurPipeline()];
  let turn = 0;
  const measure = (system: Pipeline, rate: number): Promise<Way> =>
    load<Way>(binary, {
      "mqtt-port": system.mqttPort,
      "ws-port": system.wsPort,
      token,
      machines: 50,
      screens: 1,
      rate,
      window: 200,
      seconds: options.seconds,
      pids: system.pids(),
      prefix: `VM-R${++turn}-`,
    });
  try {
    // Both are warm before anything is counted: compilers, caches, connections.
    for (const system of systems) await measure(system, 3_000);
    for (const rate of rates) {
      const runs = new Map<string, Way[]>();
      for (let i = 0; i < options.rounds; i++) {
        for (const system of systems) {
          const result = await measure(system, rate);
          runs.set(system.name, [...(runs.get(system.name) ?? []), result]);
          process.stderr.write(
            `${rate}/s ${system.name}: ${round(result.cpu_us / Math.max(1, result.sent))} µs a message, screen p99 ${round(result.screen_p99_us / 1000)} ms\n`,
          );
        }
      }
      const cpu = (name: string): number => median(runs.get(name)!.map((run) => run.cpu_us / Math.max(1, run.delivered)));
      for (const system of systems) {
        const all = runs.get(system.name)!;
        const at = (pick: (run: Way) => number): number => median(all.map(pick));
        rows.push([
          rate,
          system.name,
          Math.round(at((run) => run.acked / run.seconds)),
          Math.round(at((run) => run.delivered / run.seconds)),
          Math.round(cpu(system.name)),
          round(cpu(system.name) / cpu(systems[0]!.name), 2),
          round(at((run) => run.puback_p50_us) / 1000),
          round(at((run) => run.puback_p99_us) / 1000),
          round(at((run) => run.screen_p50_us) / 1000),
          round(at((run) => run.screen_p99_us) / 1000),
          round(at((run) => run.screen_max_us) / 1000),
        ]);
      }
    }
  } finally {
    for (const system of systems) await system.stop();
  }
  out.push(
    table(
      [
        "messages/s offered",
        "system",
        "acknowledged/s",
        "on the screen/s",
        "CPU µs a message",
        "ratio",
        "PUBACK p50 ms",
        "PUBACK p99 ms",
        "screen p50 ms",
        "screen p99 ms",
        "screen max ms",
      ],
      rows,
    ),
    "The hand-wired PUBACK is Mosquitto's and comes before anything is stored in PostgreSQL; Fleetcast's comes after the commit (`synchronous=FULL`).",
  );
  return out.join("\n\n");
}
