import type { Clock, Engine } from "@fleetcast/engine";
import type { Journal } from "@fleetcast/storage";
import type { Config } from "../config/config.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { IntakeBroker } from "../lifecycle/brokers.ts";
import type { IntakeGate } from "../lifecycle/intake-gate.ts";
import type { Readiness } from "../lifecycle/readiness.ts";
import type { ReloadCounts } from "../lifecycle/reload.ts";
import type { PushEngine } from "../push/push-engine.ts";
import { collectCalls } from "./collect/calls.ts";
import { collectEngine } from "./collect/engine.ts";
import { collectFleet } from "./collect/fleet.ts";
import { collectIntake } from "./collect/intake.ts";
import { collectProcess } from "./collect/process.ts";
import { collectStore } from "./collect/store.ts";
import { Exposition } from "./exposition.ts";
import type { Meters } from "./meters.ts";
import { centrifugoFamilies as names } from "./table/centrifugo.ts";
import { fleetcastFamilies as ours } from "./table/fleetcast.ts";

/** Everything that a scrape looks at. */
export interface MetricSources {
  readonly config: Config;
  readonly version: string;
  readonly runtime: string;
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly meters: Meters;
  readonly engine: Engine | undefined;
  readonly push: PushEngine;
  readonly journal: Journal;
  readonly fleet: Pick<Fleet, "state" | "commands">;
  readonly ingest: Pick<Ingest, "stats">;
  readonly broker: IntakeBroker | undefined;
  readonly gate: Pick<IntakeGate, "paused">;
  readonly refusedConnections: () => number;
  readonly readiness: () => Readiness;
  readonly reloads: ReloadCounts;
  readonly spans: Readonly<Record<string, number>> | undefined;
  /** Certificates that listeners show, where they do; Unix milliseconds. */
  readonly certificates: () => readonly { readonly listener: string; readonly expiresAtMs: number }[];
}

/** One scrape. Nothing is counted here: it reads the numbers that the rooms keep anyway. */
export function collect(sources: MetricSources): string {
  const { clock, config, meters, engine, push, journal, fleet, ingest, broker, gate, reloads } = sources;
  const out = new Exposition(clock.monotonicMs());
  if (engine !== undefined) collectEngine(out, engine, config.prometheus.recoveredPublicationsHistogram);
  out.put(names.connectionLimit, sources.refusedConnections());
  collectPublished(out, sources);
  collectCalls(out, meters);
  collectStore(out, journal, config.dataDir);
  collectFleet(out, fleet);
  if (broker !== undefined) collectIntake(out, broker.stats, ingest.stats(), gate.paused);
  const brokerKind = broker === undefined ? "off" : config.mqtt.broker === "embedded" ? "embedded" : "external";
  out.put(ours.buildInfo, 1, sources.version, sources.runtime, push.kind, brokerKind);
  for (const [part, isWell] of Object.entries(sources.readiness())) out.put(ours.ready, isWell ? 1 : 0, part);
  out.put(ours.reloads, reloads.taken, "taken");
  out.put(ours.reloads, reloads.refused, "refused");
  for (const [outcome, count] of Object.entries(sources.spans ?? {})) out.put(ours.spans, count, outcome);
  out.put(ours.pushWaiting, push.lag);
  for (const [outcome, count] of Object.entries(push.settled ?? {})) out.put(ours.pushSettled, count, outcome);
  for (const { listener, expiresAtMs } of sources.certificates()) out.put(ours.certificateExpiry, expiresAtMs / 1_000, listener);
  collectProcess(out, sources.startedAtMs);
  return out.text();
}

/** Both logs bring what is published to one place, where the two directions of the real server are one. */
function collectPublished(out: Exposition, { engine }: MetricSources): void {
  if (engine === undefined) return;
  out.put(names.messagesSent, engine.metrics.published, "publication", "");
  out.put(names.messagesReceived, engine.metrics.published, "publication", "");
}
