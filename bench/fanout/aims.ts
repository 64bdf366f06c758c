import { comparedBy, type Row } from "./measure.ts";
import type { Group } from "./scenarios.ts";

/** Ours to Centrifugo's in the figure that a group is compared by: at most this. */
export const aims: Readonly<Record<Group, number>> = {
  saturated: 0.3,
  paced: 0.65,
  channels: 0.5,
  idle: 0.1,
  connects: 0.35,
  recoveries: 0.5,
};

export const groupTitles: Readonly<Record<Group, string>> = {
  saturated: "CPU a delivery, one channel, saturated",
  paced: "CPU a delivery, one channel, paced at 40/s",
  channels: "CPU a delivery, 1,000 channels of one subscriber",
  idle: "memory an idle connection",
  connects: "CPU a connect",
  recoveries: "time until all have recovered",
};

/** How ours compares in one row's load. */
export interface Comparison {
  readonly ours: Row;
  readonly ratio: number;
  readonly aim: number;
}

export function comparisons(rows: readonly Row[]): readonly Comparison[] {
  return rows
    .filter(({ system }) => system === "fleetcast")
    .map((ours) => ({ ours, ratio: ratioOf(ours, rows) ?? Number.NaN, aim: aims[ours.scenario.group] }));
}

/** To the real server under the same load; undefined where it was not measured. */
export function ratioOf(row: Row, rows: readonly Row[]): number | undefined {
  const real = rows.find(({ scenario, system }) => scenario === row.scenario && system === "centrifugo");
  const name = comparedBy[row.scenario.group];
  const reference = real?.figures[name];
  return reference === undefined || reference === 0 ? undefined : (row.figures[name] ?? 0) / reference;
}
