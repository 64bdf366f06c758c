import { bearerToken } from "../e2e/harness/tokens.ts";
import { native } from "./build.ts";
import { load, machine, median, round, table, tree } from "./run.ts";
import { type System, startCentrifugo, startFloor, startOurs } from "./systems.ts";

interface Measured {
  readonly subs: number;
  readonly connect_s: number;
  readonly connect_cpu_us: number;
  readonly rss_before_kb: number;
  readonly rss_after_kb: number;
  readonly seconds: number;
  readonly publications: number;
  readonly deliveries: number;
  readonly cpu_us: number;
  readonly latency_p50_us: number;
  readonly latency_p99_us: number;
  readonly closed: number;
  readonly probe_p99_us: number;
  readonly probe_max_us: number;
}

/**
 * Fan-out beside the real Centrifugo and a C floor, all in one run: saturated (publishers in a closed loop over HTTP) and
 * paced at 40 publications a second. `--rounds N` (3), `--seconds S` (4), `--subs 1,100,1000,10000`.
 */
export async function fanout(options: {
  readonly rounds: number;
  readonly seconds: number;
  readonly subs: readonly number[];
}): Promise<string> {
  const binary = native("fanout-load");
  const token = await bearerToken({ sub: "bench" });
  const ours = await startOurs();
  const real = await startCentrifugo();
  const floor = await startFloor();
  const systems: System[] = [floor, real.memory, ours.memory, ours.journaled];
  const out: string[] = [`Measured on ${machine()}; medians of ${options.rounds} rounds of ${options.seconds} s; payload 128 B.`];
  try {
    for (const mode of [
      { name: "saturated: 4 publishers in a closed loop", rate: 0, publishers: 4 },
      { name: "paced: 40 publications a second", rate: 40, publishers: 1 },
    ]) {
      const rows: (string | number)[][] = [];
      for (const subs of options.subs) {
        if (mode.rate > 0 && subs < 100) continue;
        const runs = new Map<string, Measured[]>();
        for (let turn = 0; turn < options.rounds; turn++) {
          for (const system of systems) {
            const result = await load<Measured>(binary, {
              port: system.port,
              "api-port": system.port,
              "api-key": system.key,
              token,
              channel: system.channel,
              subs,
              publishers: mode.publishers,
              rate: mode.rate,
              seconds: options.seconds,
              raw: system.raw ? "yes" : "no",
              pids: tree(system.pid),
            });
            runs.set(system.name, [...(runs.get(system.name) ?? []), result]);
            process.stderr.write(
              `${mode.name}, ${subs} subscribers, ${system.name}: ${round(result.cpu_us / Math.max(1, result.deliveries), 2)} µs a delivery\n`,
            );
          }
        }
        const cost = (name: string): number => median(runs.get(name)!.map((run) => run.cpu_us / Math.max(1, run.deliveries)));
        const reference = cost(real.memory.name);
        for (const system of systems) {
          const all = runs.get(system.name)!;
          rows.push([
            subs,
            system.name,
            round(cost(system.name), 2),
            round(cost(system.name) / reference, 2),
            Math.round(median(all.map((run) => run.deliveries / run.seconds))),
            round(median(all.map((run) => run.latency_p50_us)) / 1000, 2),
            round(median(all.map((run) => run.latency_p99_us)) / 1000, 2),
            system.raw ? "-" : round(median(all.map((run) => (run.rss_after_kb - run.rss_before_kb) / run.subs)), 1),
            system.raw ? "-" : Math.round(median(all.map((run) => run.connect_cpu_us / run.subs))),
            system.raw ? "-" : round(median(all.map((run) => run.probe_p99_us)) / 1000, 1),
            system.raw ? "-" : round(median(all.map((run) => run.probe_max_us)) / 1000, 1),
            Math.max(...all.map((run) => run.closed)),
          ]);
        }
      }
      out.push(
        `### ${mode.name}`,
        table(
          [
            "subscribers",
            "system",
            "CPU µs a delivery",
            "to Centrifugo",
            "deliveries/s",
            "p50 ms",
            "p99 ms",
            "KB a connection*",
            "CPU µs a connect",
            "others wait p99 ms",
            "others wait max ms",
            "closed",
          ],
          rows,
        ),
      );
    }
  } finally {
    await ours.memory.stop();
    await real.memory.stop();
    await floor.stop();
  }
  out.push(
    "\\* growth of resident memory while connecting; later rounds reuse what the first gave back, so the first round is the honest one at 10,000.",
  );
  return out.join("\n\n");
}
