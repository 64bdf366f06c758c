import { writeSync } from "node:fs";
import { openSqliteJournal } from "../src/index.ts";
import { realClock } from "./real-clock.ts";

/**
 * A process that appends until it is killed: `bun appending-child.ts DIR MACHINES FROM...`, FROM being each machine's first
 * `seq`. Every acknowledged message is a line `ack VM SEQ OFFSET EPOCH` on standard output, written before the next one
 * is looked at; what the parent read was acknowledged.
 */
const [dir, ...from] = process.argv.slice(2);
if (dir === undefined) throw new Error("usage: appending-child.ts DIR FROM...");

const inFlightMax = 64;
const say = (line: string) => writeSync(1, `${line}\n`);
const journal = await openSqliteJournal({
  dir,
  clock: realClock,
  chance: { epoch: () => Math.random().toString(36).slice(2, 10).padEnd(8, "x") },
});
journal.onFatal((cause) => {
  say(`fatal ${cause.message}`);
  process.exit(1);
});
say("ready");

from.forEach((first, number) => {
  const vmId = `VM-${number}`;
  let seq = Number(first);
  let inFlight = 0;
  const pump = (): void => {
    while (inFlight < inFlightMax) {
      const mine = seq++;
      inFlight++;
      const data = new TextEncoder().encode(`{"id":"${vmId}","seq":${mine}}`);
      journal.append(
        {
          atMs: Date.now(),
          identity: { vmId, boot: "b1", seq: mine },
          payload: data,
          records: [{ kind: "reading", vmId, deviceTsMs: null, tempC: mine, voltageV: null, doorClosed: null, late: false }],
          publications: [{ channel: `telemetry:${vmId}`, data, historyTtlMs: 3_600_000 }],
        },
        (outcome) => {
          const position = outcome.positions[0];
          say(`ack ${vmId} ${mine} ${position?.offset ?? 0} ${position?.epoch ?? outcome.verdict}`);
          inFlight--;
          setImmediate(pump);
        },
      );
    }
  };
  pump();
});
