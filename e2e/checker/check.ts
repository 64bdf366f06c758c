import type { DeviceLine, Dump, DumpedPublication, Ledgers, Policy, SubscriberLine, Violation } from "./ledger.ts";

/**
 * Decides whether a run kept its promises: a pure function of what was written down. Invariants: I1 acked is stored, I2
 * once, I4 in the machine's order, I5 stored before published, I6 stored is published, P1 all or told, P2 no silent gap,
 * P3 a position names one payload for ever, P5 bytes kept.
 */
export function check(ledgers: Ledgers, dump: Dump, policy: Policy): Violation[] {
  return [...checkStore(ledgers.devices, dump), ...checkSubscribers(ledgers, dump, policy)];
}

const identity = (line: { vm: string; boot: string; seq: number }): string => `${line.vm}/${line.boot}/${line.seq}`;

function checkStore(devices: readonly DeviceLine[], dump: Dump): Violation[] {
  const violations: Violation[] = [];
  const stored = new Map<string, DumpedPublication[]>();
  for (const row of dump.publications) {
    const rows = stored.get(identity(row));
    if (rows === undefined) stored.set(identity(row), [row]);
    else rows.push(row);
  }
  const sent = new Map<string, DeviceLine & { t: "sent" }>();
  for (const line of devices) {
    if (line.t === "sent") sent.set(identity(line), line);
    else if (!stored.has(identity(line)))
      violations.push({ invariant: "I1", where: line.vm, what: "acknowledged, not stored", proof: [line] });
  }
  for (const [key, rows] of stored) {
    if (rows.length > 1) violations.push({ invariant: "I2", where: rows[0]!.channel, what: `stored ${rows.length} times`, proof: rows });
    const line = sent.get(key);
    if (line === undefined) violations.push({ invariant: "I1", where: rows[0]!.channel, what: "stored, never sent", proof: rows });
    else if (line.sha256 !== rows[0]!.sha256)
      violations.push({ invariant: "P5", where: rows[0]!.channel, what: "stored with other bytes", proof: [line, rows[0]] });
  }
  violations.push(...checkJournalOrder(dump.publications));
  return violations;
}

function checkJournalOrder(publications: readonly DumpedPublication[]): Violation[] {
  const violations: Violation[] = [];
  const lastSeq = new Map<string, DumpedPublication>();
  const lastOffset = new Map<string, DumpedPublication>();
  let previous: DumpedPublication | undefined;
  for (const row of publications) {
    if (previous !== undefined && row.id <= previous.id)
      violations.push({ invariant: "L1", where: row.channel, what: "ids do not grow", proof: [previous, row] });
    previous = row;
    const boot = `${row.vm}/${row.boot}`;
    const before = lastSeq.get(boot);
    if (before !== undefined && row.seq <= before.seq)
      violations.push({ invariant: "I4", where: row.channel, what: "stored out of the machine's order", proof: [before, row] });
    lastSeq.set(boot, row);
    const top = lastOffset.get(row.channel);
    if (top !== undefined && (top.epoch !== row.epoch || row.offset !== top.offset + 1)) {
      violations.push({ invariant: "L3", where: row.channel, what: "offsets are not contiguous", proof: [top, row] });
    }
    lastOffset.set(row.channel, row);
  }
  return violations;
}

function checkSubscribers(ledgers: Ledgers, dump: Dump, policy: Policy): Violation[] {
  const byChannel = new Map<string, DumpedPublication[]>();
  for (const row of dump.publications) {
    const rows = byChannel.get(row.channel);
    if (rows === undefined) byChannel.set(row.channel, [row]);
    else rows.push(row);
  }
  const logs = new Map<string, SubscriberLine[]>();
  const positions = new Map<string, SubscriberLine>();
  const violations: Violation[] = [];
  for (const line of ledgers.subscribers) {
    if (line.t === "closed") continue;
    const key = `${line.sub} ${line.channel}`;
    const log = logs.get(key);
    if (log === undefined) logs.set(key, [line]);
    else log.push(line);
  }
  const engineKills = ledgers.faults.filter((line) => line.fault === "kill-centrifugo").length;
  for (const log of logs.values()) {
    const channel = (log[0] as { channel: string }).channel;
    const rows = byChannel.get(channel) ?? [];
    violations.push(...checkPositions(log, positions, policy));
    violations.push(...checkContent(log, rows, channel, policy, engineKills));
  }
  return violations;
}

type SubscriberPub = SubscriberLine & { t: "pub" };

/** P1, P2, P3: positions as the subscriber saw them. */
function checkPositions(log: readonly SubscriberLine[], seen: Map<string, SubscriberLine>, policy: Policy): Violation[] {
  const violations: Violation[] = [];
  let at: { epoch: string; offset: number; line: SubscriberLine } | undefined;
  for (const line of log) {
    if (line.t === "subscribed") {
      if (line.wasRecovering && !line.recovered && !policy.mayBeTold) {
        violations.push({
          invariant: "P1",
          where: line.channel,
          what: "told not recovered although the window holds it",
          proof: [at?.line, line],
        });
      }
      if (line.recovered && at !== undefined && line.epoch !== at.epoch) {
        violations.push({ invariant: "P3", where: line.channel, what: "recovered into another epoch", proof: [at.line, line] });
      }
      // The SDK tells the position it starts from: with `recovered` the publications between follow as events.
      if (!(line.recovered && at !== undefined)) at = { epoch: line.epoch, offset: line.offset, line };
    } else if (line.t === "pub") {
      if (at === undefined) {
        violations.push({ invariant: "P1", where: line.channel, what: "publication before the subscription's position", proof: [line] });
        continue;
      }
      if (line.offset !== at.offset + 1) {
        const what = line.offset <= at.offset ? "offset repeated or backwards" : `silent gap of ${line.offset - at.offset - 1}`;
        violations.push({ invariant: line.offset <= at.offset ? "P1" : "P2", where: line.channel, what, proof: [at.line, line] });
      }
      const key = `${line.channel} ${at.epoch} ${line.offset}`;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, line);
      else if (first.t === "pub" && first.sha256 !== line.sha256)
        violations.push({ invariant: "P3", where: line.channel, what: "one position, two payloads", proof: [first, line] });
      at = { epoch: at.epoch, offset: line.offset, line };
    }
  }
  return violations;
}

/** I4, I5, I6 and doubles: what the subscriber saw against what is stored. */
function checkContent(
  log: readonly SubscriberLine[],
  rows: readonly DumpedPublication[],
  channel: string,
  policy: Policy,
  engineKills: number,
): Violation[] {
  const violations: Violation[] = [];
  const index = new Map(rows.map((row, i) => [identity(row), i]));
  const pubs = log.filter((line): line is SubscriberPub => line.t === "pub");
  const times = new Map<number, SubscriberPub>();
  let last = -1;
  let lastLine: SubscriberPub | undefined;
  let doubles = 0;
  for (const line of pubs) {
    const i = index.get(identity(line));
    if (i === undefined) {
      violations.push({ invariant: "I5", where: channel, what: "published, not stored", proof: [line] });
      continue;
    }
    const row = rows[i]!;
    if (row.sha256 !== line.sha256)
      violations.push({ invariant: "P5", where: channel, what: "published with other bytes", proof: [row, line] });
    if (policy.positions === "journal" && row.offset !== line.offset)
      violations.push({ invariant: "P3", where: channel, what: "published at another position than stored", proof: [row, line] });
    if (times.has(i)) {
      doubles++;
      if (doubles > policy.doublesPerEngineKill * engineKills)
        violations.push({ invariant: "I6", where: channel, what: "published twice", proof: [times.get(i), line] });
    } else if (i < last) {
      violations.push({ invariant: "I4", where: channel, what: "published out of order", proof: [lastLine, line] });
    }
    times.set(i, line);
    if (i >= last) {
      last = i;
      lastLine = line;
    }
  }
  violations.push(...checkComplete(log, rows, index, channel));
  return violations;
}

/** I6: from the first publication seen on, every stored one was seen, except where the subscriber was told of a gap. */
function checkComplete(
  log: readonly SubscriberLine[],
  rows: readonly DumpedPublication[],
  index: ReadonlyMap<string, number>,
  channel: string,
): Violation[] {
  const violations: Violation[] = [];
  let expected: number | undefined;
  let told = false;
  let lastSeen: SubscriberLine | undefined;
  for (const line of log) {
    if (line.t === "subscribed" && line.wasRecovering && !line.recovered) told = true;
    if (line.t !== "pub") continue;
    const i = index.get(identity(line));
    if (i === undefined) continue;
    if (expected !== undefined && i > expected && !told) {
      violations.push({
        invariant: "I6",
        where: channel,
        what: `${i - expected} stored publications were never seen`,
        proof: [lastSeen, rows[expected], line],
      });
    }
    told = false;
    if (expected === undefined || i + 1 > expected) expected = i + 1;
    lastSeen = line;
  }
  if (expected === undefined && rows.length > 0 && !told) {
    const firstSubscribed = log.find((line) => line.t === "subscribed");
    if (firstSubscribed?.t === "subscribed" && firstSubscribed.offset < rows.length) {
      violations.push({
        invariant: "I6",
        where: channel,
        what: "nothing was seen of what is stored",
        proof: [firstSubscribed, rows.at(-1)],
      });
    }
  } else if (expected !== undefined && expected < rows.length && !told) {
    violations.push({
      invariant: "I6",
      where: channel,
      what: `the last ${rows.length - expected} stored publications were never seen`,
      proof: [lastSeen, rows.at(-1)],
    });
  }
  return violations;
}
