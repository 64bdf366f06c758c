import type { SystemName } from "./systems.ts";

export type Format = "json" | "protobuf";

/** How much of everything is measured. */
export interface Extent {
  readonly rounds: number;
  readonly seconds: number;
  readonly subscribers: readonly number[];
  readonly channels: number;
  readonly idle: number;
  readonly idleSettleS: number;
  readonly connects: number;
  readonly recoveries: number;
}

export const fullExtent: Extent = {
  rounds: 3,
  seconds: 4,
  subscribers: [1, 100, 1_000, 10_000],
  channels: 1_000,
  idle: 10_000,
  idleSettleS: 10,
  connects: 10_000,
  recoveries: 15_000,
};

export const quickExtent: Extent = {
  rounds: 1,
  seconds: 1,
  subscribers: [1, 100, 1_000],
  channels: 1_000,
  idle: 2_000,
  idleSettleS: 5,
  connects: 2_000,
  recoveries: 3_000,
};

export const groups = ["saturated", "paced", "channels", "idle", "connects", "recoveries"] as const;
export type Group = (typeof groups)[number];

/** One row's load, the same for every system that takes part. */
export interface Scenario {
  readonly group: Group;
  readonly label: string;
  readonly format: Format;
  readonly systems: readonly SystemName[];
  readonly clients: number;
  readonly driver: "fanout-load" | "storm-load";
  readonly options: Readonly<Record<string, string | number>>;
  /** Idle memory is that of a process which has done nothing else before. */
  readonly freshProcess: boolean;
}

const formats: readonly Format[] = ["json", "protobuf"];
const pacedPerS = 40;
const channelsPacedPerS = 400;
const missed = 20;

export function scenarios(extent: Extent): readonly Scenario[] {
  return formats.flatMap((format) => [
    ...extent.subscribers.map((count) => oneChannel("saturated", format, count, extent)),
    ...extent.subscribers.map((count) => oneChannel("paced", format, count, extent)),
    manyChannels(format, 0, extent),
    manyChannels(format, channelsPacedPerS, extent),
    ...(format === "json" ? [idle(extent)] : []),
    connects(format, extent),
    recoveries(format, 1, extent),
    ...(format === "json" ? [recoveries(format, extent.channels, extent)] : []),
  ]);
}

/** The floor speaks no protocol, and the journal no format: one row of each is enough. */
function systemsFor(format: Format): readonly SystemName[] {
  return format === "json" ? ["floor", "centrifugo", "fleetcast", "journaled"] : ["centrifugo", "fleetcast"];
}

function oneChannel(group: "saturated" | "paced", format: Format, subs: number, { seconds }: Extent): Scenario {
  const load = group === "saturated" ? { publishers: 4, rate: 0 } : { publishers: 1, rate: pacedPerS };
  return {
    group,
    label: `${subs} subscriber${subs === 1 ? "" : "s"}`,
    format,
    systems: systemsFor(format),
    clients: subs,
    driver: "fanout-load",
    options: { subs, channels: 1, seconds, ...load },
    freshProcess: false,
  };
}

function manyChannels(format: Format, rate: number, { seconds, channels }: Extent): Scenario {
  return {
    group: "channels",
    label: rate === 0 ? "saturated" : `paced at ${rate}/s`,
    format,
    systems: systemsFor(format).filter((name) => name !== "floor"),
    clients: channels,
    driver: "fanout-load",
    options: { subs: channels, channels, seconds, publishers: 4, rate },
    freshProcess: false,
  };
}

function idle({ idle: count, idleSettleS }: Extent): Scenario {
  return {
    group: "idle",
    label: `${count} connections`,
    format: "json",
    systems: ["centrifugo", "fleetcast"],
    clients: count,
    driver: "storm-load",
    options: { count, channels: 1, missed: 0, settle: idleSettleS },
    freshProcess: true,
  };
}

function connects(format: Format, { connects: count }: Extent): Scenario {
  return {
    group: "connects",
    label: `${count} clients`,
    format,
    systems: ["centrifugo", "fleetcast"],
    clients: count,
    driver: "storm-load",
    options: { count, channels: 1, missed: 0, settle: 0 },
    freshProcess: false,
  };
}

function recoveries(format: Format, channels: number, { recoveries: count }: Extent): Scenario {
  return {
    group: "recoveries",
    label: channels === 1 ? `${count} clients of one channel` : `${count} clients of ${channels} channels`,
    format,
    systems: format === "json" ? ["centrifugo", "fleetcast", "journaled"] : ["centrifugo", "fleetcast"],
    clients: count,
    driver: "storm-load",
    options: { count, channels, missed, settle: 0 },
    freshProcess: false,
  };
}
