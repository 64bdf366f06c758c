import { bearerToken } from "../e2e/harness/tokens.ts";
import { native } from "./build.ts";
import { startOurPipeline, type Way } from "./pipeline.ts";
import { load, machine, median, round, table } from "./run.ts";

/** Durable QoS 1 intake at rising rates and in a closed loop: messages/s, PUBACK and screen delays, CPU. */
export async function ingest(options: { readonly rounds: number; readonly seconds: number }): Promise<string> {
  const binary = native("way-load");
  const token = await bearerToken({ sub: "bench" });
  const system = await startOurPipeline();
  const rows: (string | number)[][] = [];
  let turn = 0;
  try {
    for (const rate of [1_000, 2_500, 5_000, 7_500, 10_000, 0]) {
      const all: Way[] = [];
      for (let i = 0; i < options.rounds; i++) {
        all.push(
          await load<Way>(binary, {
            "mqtt-port": system.mqttPort,
            "ws-port": system.wsPort,
            token,
            machines: 100,
            screens: 1,
            rate,
            window: rate === 0 ? 20 : 200,
            seconds: options.seconds,
            pids: system.pids(),
            prefix: `VM-I${++turn}-`,
          }),
        );
        process.stderr.write(
          `${rate === 0 ? "closed loop" : rate}: ${Math.round(all.at(-1)!.acked / all.at(-1)!.seconds)} acknowledged/s\n`,
        );
      }
      const at = (pick: (run: Way) => number): number => median(all.map(pick));
      rows.push([
        rate === 0 ? "closed loop" : rate,
        Math.round(at((run) => run.acked / run.seconds)),
        Math.round(at((run) => run.delivered / run.seconds)),
        Math.round(at((run) => run.cpu_us / Math.max(1, run.acked))),
        round(at((run) => run.puback_p50_us) / 1000),
        round(at((run) => run.puback_p99_us) / 1000),
        round(at((run) => run.screen_p50_us) / 1000),
        round(at((run) => run.screen_p99_us) / 1000),
        Math.round(at((run) => run.rss_kb) / 1024),
      ]);
    }
  } finally {
    await system.stop();
  }
  return [
    `Measured on ${machine()}; 100 machines, 1 screen that watches all, QoS 1, SQLite WAL with \`synchronous=FULL\`; medians of ${options.rounds} rounds of ${options.seconds} s.`,
    table(
      [
        "offered/s",
        "durable/s",
        "on the screen/s",
        "CPU µs a message",
        "PUBACK p50 ms",
        "PUBACK p99 ms",
        "screen p50 ms",
        "screen p99 ms",
        "RSS MiB",
      ],
      rows,
    ),
  ].join("\n\n");
}
