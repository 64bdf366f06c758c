import { type Engine, type EngineMetrics, Histogram, transportOfCodec, transports } from "@fleetcast/engine";
import type { Exposition } from "../exposition.ts";
import { centrifugoFamilies as names } from "../table/centrifugo.ts";
import { fleetcastFamilies as ours } from "../table/fleetcast.ts";

/** What the embedded engine counted, under the real server's names. */
export function collectEngine(out: Exposition, engine: Engine, recoveredHistogram: boolean): void {
  const { metrics } = engine;
  const stats = engine.stats();
  out.put(names.numClients, stats.connections);
  out.put(names.numUsers, stats.users);
  out.put(names.numSubscriptions, stats.subscriptions);
  out.put(names.numChannels, stats.channels);
  out.put(names.numNodes, 1);
  out.put(names.build, 1, engine.options.version);
  out.put(names.tagsFilterDropped, metrics.filtered, "");
  collectConnections(out, metrics);
  collectMessages(out, metrics);
  collectCommands(out, metrics);
  collectRecoveries(out, metrics, recoveredHistogram);
  collectActions(out, metrics);
  out.put(ours.deliveries, stats.deliveries);
  out.put(ours.outboxBytes, stats.queuedBytes);
  out.put(ours.slowReaders, stats.slowDisconnects, "closed");
  out.put(ours.slowReaders, stats.catchUps, "catch_up");
  out.put(ours.slowReaders, stats.skippedPublications, "skipped");
  out.put(ours.droppedFrames, stats.droppedFrames);
}

const clientNames = ["unnamed", "unregistered"] as const;

function collectConnections(out: Exposition, metrics: EngineMetrics): void {
  for (const [transport, name] of transports.entries()) {
    for (let kind = 0; kind < 4; kind++) {
      const entered = metrics.entered[transport * 4 + kind]!;
      if (entered === 0) continue;
      const labels = [name, "", kind < 2 ? "unnamed" : "unregistered", kind % 2 === 0 ? "unversioned" : "unregistered"] as const;
      out.put(names.connectionsAccepted, entered, ...labels);
      out.put(names.connectionsInflight, entered - metrics.left[transport * 4 + kind]!, ...labels);
    }
  }
  for (const [at, name] of clientNames.entries()) {
    const subscribed = metrics.subscribed[at]!;
    if (subscribed === 0) continue;
    out.put(names.subscriptionsAccepted, subscribed, name, "");
    out.put(names.subscriptionsInflight, subscribed - metrics.unsubscribed[at]!, name, "");
  }
}

function collectMessages(out: Exposition, metrics: EngineMetrics): void {
  const families = [
    [names.transportSent, metrics.sent],
    [names.transportSentSize, metrics.sentBytes],
    [names.transportReceived, metrics.received],
    [names.transportReceivedSize, metrics.receivedBytes],
  ] as const;
  for (const [family, counts] of families) {
    for (const { frameType, transport, count } of metrics.byFrameType(counts)) out.put(family, count, transport, frameType, "");
  }
  for (const transport of transports) {
    const sizes = metrics.frameSizes.filter((_, codec) => transportOfCodec[codec] === transport);
    const sum = summed(sizes);
    if (sum !== undefined) out.histogram(names.frameSize, sum, transport);
  }
}

/** A transport has a histogram for each format. */
function summed(all: readonly (Histogram | undefined)[]): Histogram | undefined {
  const there = all.filter((one) => one !== undefined);
  const first = there[0];
  if (first === undefined || there.length === 1) return first;
  const sum = new Histogram(first.bounds);
  for (const { counts, count, sum: value } of there) {
    for (const [at, n] of counts.entries()) sum.counts[at]! += n;
    sum.count += count;
    sum.sum += value;
  }
  return sum;
}

function collectCommands(out: Exposition, metrics: EngineMetrics): void {
  for (const [kind, timing] of metrics.commands) {
    out.summary(names.commandSeconds, timing, kind, "");
    out.histogram(names.commandSecondsHistogram, timing.histogram, kind, "");
  }
  for (const [transport, seconds] of metrics.pongs) out.histogram(names.pingPongSeconds, seconds, transport);
  for (const [key, count] of metrics.replyErrors.entries()) {
    const [method = "", code = "other"] = key.split(" ");
    out.put(names.replyErrors, count, method, code, "");
  }
  for (const [code, count] of metrics.disconnects.entries()) out.put(names.serverDisconnects, count, code);
  for (const [code, count] of metrics.unsubscribes.entries()) out.put(names.serverUnsubscribes, count, code, "");
  for (const [key, count] of metrics.closes.entries()) {
    const [transport = "", code = "other"] = key.split(" ");
    out.put(names.closes, count, transport, code);
  }
}

const recoveryLabels = [
  ["no", "no"],
  ["yes", "no"],
  ["yes", "yes"],
] as const;

function collectRecoveries(out: Exposition, metrics: EngineMetrics, withHistogram: boolean): void {
  for (const [at, [recovered, hasPublications]] of recoveryLabels.entries()) {
    const count = metrics.recoveries[at]!;
    if (count > 0) out.put(names.recover, count, recovered, "", hasPublications);
  }
  if (withHistogram) out.histogram(names.recoveredPublications, metrics.recovered, "");
}

function collectActions(out: Exposition, metrics: EngineMetrics): void {
  const all = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0);
  const asked = (method: "presence" | "presence_stats" | "history"): number => metrics.commands.get(method)?.histogram.count ?? 0;
  const actions = {
    add_client: all(metrics.entered),
    remove_client: all(metrics.left),
    add_subscription: all(metrics.subscribed),
    remove_subscription: all(metrics.unsubscribed),
    add_presence: metrics.presenceAdded,
    remove_presence: metrics.presenceRemoved,
    presence: asked("presence"),
    presence_stats: asked("presence_stats"),
    history: asked("history"),
    history_recover: all(metrics.recoveries) - metrics.cacheRecoveries,
    history_recover_cache: metrics.cacheRecoveries,
  };
  for (const [action, count] of Object.entries(actions)) if (count > 0) out.put(names.actions, count, action, "");
}
