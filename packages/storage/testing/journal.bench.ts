import { readFileSync, writeSync } from "node:fs";
import type { Journal, JournalEntry } from "../src/index.ts";
import { openSqliteJournal } from "../src/index.ts";
import { realClock } from "./real-clock.ts";
import { withTemporaryFolder } from "./temporary-folder.ts";

/**
 * What the journal costs: `bun packages/storage/testing/journal.bench.ts`. Every entry is one telemetry message with its
 * identity, one reading and one publication, from 1,000 machines in turn. Linux only: it reads `/proc`.
 */
const machines = 1_000;
const print = (line: string) => writeSync(1, `${line}\n`);

const data = new TextEncoder().encode(
  '{"id":"VM-SH-001","system":{"voltage":220.5,"door_closed":true},"environment":{"temps":[4.5,4.6]},"ts":"2026-01-26T12:00:00Z","boot":"abcd1234","seq":12345}',
);
const names = Array.from({ length: machines }, (_, n) => ({ vmId: `VM-SH-${n}`, channel: `telemetry:VM-SH-${n}`, seq: 0 }));

function entry(number: number): JournalEntry {
  const machine = names[number % machines]!;
  const atMs = Date.now();
  return {
    atMs,
    identity: { vmId: machine.vmId, boot: "abcd1234", seq: machine.seq++ },
    payload: data,
    topic: "vm/VM-SH-001/telemetry",
    records: [{ kind: "reading", vmId: machine.vmId, deviceTsMs: atMs, tempC: 4.5, voltageV: 220.5, doorClosed: true, late: false }],
    publications: [{ channel: machine.channel, data, historyTtlMs: 86_400_000, tags: { at: String(atMs) } }],
  };
}

/** CPU time of this thread, of the whole process, and bytes written, so far. */
function costs(): { readonly mainUs: number; readonly allUs: number; readonly bytes: number } {
  const onCpuNs = Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]);
  const { user, system } = process.cpuUsage();
  const bytes = Number(/^write_bytes: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
  return { mainUs: onCpuNs / 1_000, allUs: user + system, bytes };
}

function report(title: string, count: number, seconds: number, before: ReturnType<typeof costs>, delaysMs: readonly number[]): void {
  const after = costs();
  const delays = delaysMs.toSorted((one, other) => one - other);
  const each = (total: number, digits: number) => (total / count).toFixed(digits);
  print(
    `${title}: ${Math.round(count / seconds)}/s, acknowledged p50 ${delays[delays.length >> 1]?.toFixed(2)} ms, ` +
      `p99 ${delays[Math.floor(delays.length * 0.99)]?.toFixed(2)} ms; main thread ${each(after.mainUs - before.mainUs, 2)} µs, ` +
      `all threads ${each(after.allUs - before.allUs, 1)} µs, ${each(after.bytes - before.bytes, 0)} bytes written a message`,
  );
}

/** Between half of `window` and `window` unacknowledged. */
async function saturated(journal: Pick<Journal, "append">, title: string, count: number, window: number): Promise<void> {
  const before = costs();
  const startedMs = performance.now();
  const delays: number[] = [];
  let sent = 0;
  await new Promise<void>((resolve) => {
    const pump = (): void => {
      for (; sent < count && sent - delays.length < window; sent++) {
        const fromMs = performance.now();
        journal.append(entry(sent), () => {
          if (delays.push(performance.now() - fromMs) === count) resolve();
          else if (sent - delays.length === window >> 1) queueMicrotask(pump);
        });
      }
    };
    pump();
  });
  report(`${title}, ${window} in flight`, count, (performance.now() - startedMs) / 1_000, before, delays);
}

/** The load driver alone: what it costs is part of every figure of the main thread. */
const nothing: Pick<Journal, "append"> = {
  append: (_entry, done) => void setImmediate(() => done({ verdict: "stored", positions: [], gap: 0 })),
};

async function paced(journal: Journal, perSecond: number, seconds: number): Promise<void> {
  const before = costs();
  const startedMs = performance.now();
  const count = perSecond * seconds;
  const delays: number[] = [];
  let sent = 0;
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const due = Math.min(count, ((performance.now() - startedMs) * perSecond) / 1_000);
      for (; sent < due; sent++) {
        const fromMs = performance.now();
        journal.append(entry(sent), () => {
          if (delays.push(performance.now() - fromMs) === count) resolve();
        });
      }
      if (sent < count) setTimeout(tick, 1);
    };
    tick();
  });
  report(`paced at ${perSecond}/s`, count, (performance.now() - startedMs) / 1_000, before, delays);
}

async function recoveries(journal: Journal, missed: number, count: number): Promise<void> {
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: count }, async (_, number) => {
      const { channel } = names[number % machines]!;
      const top = await journal.top(channel);
      const since = { offset: top.offset - missed, epoch: top.epoch };
      const request = { channel, sizeMax: 300, ttlMs: 86_400_000, nowMs: Date.now(), since, limit: 300, reverse: false };
      const { rows } = await journal.read(request);
      if (rows.length !== missed) throw new Error(`${rows.length} rows`);
    }),
  );
  print(`recoveries of ${missed} publications: ${Math.round(count / ((performance.now() - startedMs) / 1_000))}/s`);
}

await withTemporaryFolder(async (dir) => {
  const journal = await openSqliteJournal({ dir, clock: realClock, chance: { epoch: () => "benchmrk" } });
  journal.onCommitted(() => {});
  await saturated(nothing, "the driver alone", 400_000, 4_000);
  await saturated(journal, "warming up", 200_000, 4_000);
  await saturated(journal, "saturated", 400_000, 4_000);
  for (const perSecond of [200, 1_000, 5_000, 10_000]) await paced(journal, perSecond, 5);
  await recoveries(journal, 20, 20_000);
  await recoveries(journal, 300, 3_000);
  await journal.close();
});
