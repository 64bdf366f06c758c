import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../e2e/harness/fleetcast.ts";
import { machine } from "../run.ts";
import { comparisons } from "./aims.ts";
import { measure } from "./measure.ts";
import { plot } from "./plot.ts";
import { report } from "./report.ts";
import { type Extent, type Group, scenarios } from "./scenarios.ts";
import { writeFiles } from "./systems.ts";

/**
 * Ours and the real Centrifugo, started with one configuration file and measured in turns: fan-out, idle memory, connect
 * and recovery storms. Answers the tables; the plot is written where it was said.
 */
export async function fanout(extent: Extent, only: readonly Group[], plotFile: string | undefined): Promise<string> {
  const wanted = scenarios(extent).filter(({ group }) => only.includes(group));
  const files = writeFiles(Math.max(...wanted.map(({ clients }) => clients)));
  const startedAtMs = performance.now();
  try {
    const rows = await measure(wanted, extent, files);
    if (plotFile !== undefined) writeFileSync(join(root, plotFile), plot(comparisons(rows)));
    const minutes = Math.round((performance.now() - startedAtMs) / 60_000);
    const picture = plotFile === undefined ? [] : ["![Ratios to Centrifugo](fanout.svg)"];
    return [
      `Measured on ${machine()}; medians of ${extent.rounds} rounds, ${extent.seconds} s of fan-out each; payload 160 B; ${minutes} minutes in all.`,
      ...picture,
      report(rows),
    ].join("\n\n");
  } finally {
    files.remove();
  }
}
