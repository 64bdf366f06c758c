import type { BrokerStats } from "@fleetcast/mqtt";
import type { IngestStats } from "../../ingest/ingest-stats.ts";
import type { Exposition } from "../exposition.ts";
import { fleetcastFamilies as ours } from "../table/fleetcast.ts";

/** What came from machines, from the socket to the judgement. */
export function collectIntake(out: Exposition, broker: BrokerStats, ingest: IngestStats, paused: boolean): void {
  out.put(ours.mqttConnections, broker.connections);
  out.put(ours.mqttReceived, broker.received);
  out.put(ours.mqttAcknowledged, broker.acknowledged);
  out.put(ours.mqttOutstanding, broker.outstanding);
  for (const [reason, count] of broker.refused) out.put(ours.mqttRefused, count, reason);
  out.put(ours.intakePaused, paused ? 1 : 0);
  for (const [kind, count] of Object.entries(ingest.received)) out.put(ours.ingestReceived, count, kind);
  out.put(ours.ingestOutcome, ingest.stored, "stored");
  out.put(ours.ingestOutcome, ingest.duplicates, "duplicate");
  out.put(ours.ingestOutcome, ingest.conflicts, "conflict");
  out.put(ours.ingestOutcome, ingest.deadLetters, "dead_letter");
  out.put(ours.ingestOutcome, ingest.ignored, "ignored");
  for (const [reason, count] of Object.entries(ingest.deadLettersByReason)) out.put(ours.deadLetters, count, reason);
  out.put(ours.ingestLate, ingest.late);
  out.put(ours.ingestMissing, ingest.missing);
  out.put(ours.ingestOverRate, ingest.overRate);
}
