import { round, table } from "../run.ts";
import { comparisons, groupTitles, ratioOf } from "./aims.ts";
import type { Row } from "./measure.ts";
import { type Group, groups } from "./scenarios.ts";
import { titles } from "./systems.ts";

interface Column {
  readonly title: string;
  readonly figure: string;
  readonly digits: number;
}

const fanoutColumns: readonly Column[] = [
  { title: "CPU µs a delivery", figure: "cpuUsADelivery", digits: 2 },
  { title: "deliveries/s", figure: "deliveriesPerS", digits: 0 },
  { title: "publications/s", figure: "publicationsPerS", digits: 0 },
  { title: "p50 ms", figure: "p50Ms", digits: 2 },
  { title: "p99 ms", figure: "p99Ms", digits: 2 },
  { title: "closed", figure: "closed", digits: 0 },
];

const columns: Readonly<Record<Group, readonly Column[]>> = {
  saturated: fanoutColumns,
  paced: fanoutColumns,
  channels: fanoutColumns,
  idle: [{ title: "KB a connection", figure: "kbAConnection", digits: 1 }],
  connects: [
    { title: "CPU µs a connect", figure: "cpuUsAConnect", digits: 1 },
    { title: "connects/s", figure: "connectsPerS", digits: 0 },
  ],
  recoveries: [
    { title: "s until all have recovered", figure: "recoveredS", digits: 2 },
    { title: "CPU s", figure: "recoveredCpuS", digits: 2 },
    { title: "clients/s", figure: "recoveriesPerS", digits: 0 },
  ],
};

/** Aims first, then a table for each group; ratios are ours to Centrifugo's in the first figure. */
export function report(rows: readonly Row[]): string {
  const present = groups.filter((group) => rows.some(({ scenario }) => scenario.group === group));
  return [
    "## Aims",
    "Ours to Centrifugo's, in the same run; smaller is better.",
    table(
      ["what", "load", "format", "ratio", "aim", ""],
      comparisons(rows)
        .toSorted((a, b) => groups.indexOf(a.ours.scenario.group) - groups.indexOf(b.ours.scenario.group))
        .map(({ ours: { scenario }, ratio, aim }) => [
          groupTitles[scenario.group],
          scenario.label,
          scenario.format,
          round(ratio, 2),
          aim,
          ratio <= aim ? "reached" : "**missed**",
        ]),
    ),
    ...present.flatMap((group) => [
      `## ${groupTitles[group]}`,
      tableOf(
        rows.filter(({ scenario }) => scenario.group === group),
        columns[group],
      ),
    ]),
  ].join("\n\n");
}

function tableOf(rows: readonly Row[], shown: readonly Column[]): string {
  const [compared, ...others] = shown;
  return table(
    ["load", "format", "system", compared!.title, "to Centrifugo", ...others.map(({ title }) => title)],
    rows.map((row) => [
      row.scenario.label,
      row.system === "floor" ? "-" : row.scenario.format,
      titles[row.system],
      round(row.figures[compared!.figure] ?? 0, compared!.digits),
      round(ratioOf(row, rows) ?? Number.NaN, 2),
      ...others.map(({ figure, digits }) => round(row.figures[figure] ?? 0, digits)),
    ]),
  );
}
