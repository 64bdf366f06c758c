import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, field, packet, pingreq, puback, publish, pubrel, subscribe } from "../../testing/bytes.ts";
import { withBroker } from "../../testing/embedded.ts";
import { openMosquittoConf, startMosquitto, withoutMosquitto } from "../../testing/mosquitto.ts";
import { outcome } from "../../testing/outcome.ts";
import { seededChance } from "../../testing/real-clock.ts";

const seed = 31;
const durationMs = 6_000;

test("[G14] one wrong byte in a good packet: what Mosquitto closes we close, and no answer of ours is one that it would not give", {
  skip: withoutMosquitto(),
  timeout: 60_000,
}, async () => {
  const mosquitto = await startMosquitto({ conf: openMosquittoConf });
  const chance = seededChance(seed);
  const pick = (max: number): number => Math.floor(chance.random() * max);
  const laxer: string[] = [];
  let cases = 0;
  try {
    await withBroker(async ({ port }) => {
      const one = async (): Promise<void> => {
        const machine = `VM-${pick(1_000_000_000)}`;
        const { chunks, label } = mutatedDialogue(machine, pick);
        const [ours, theirs] = await Promise.all([outcome(port, chunks, 1_500), outcome(mosquitto.port, chunks, 1_500)]);
        cases++;
        // `silent`: a length that was changed, and bytes that are still awaited. Both count as open.
        if (theirs.endsWith("close") && !ours.endsWith("close")) laxer.push(`${label}: ours ${ours}, theirs ${theirs}`);
        const answers = ours
          .split(" ")
          .slice(0, -1)
          .filter((answer) => !/^connack[1-5]$/.test(answer) && !answer.includes("128"));
        for (const answer of answers) {
          if (!theirs.endsWith("silent") && !theirs.includes(answer)) laxer.push(`${label}: ours ${ours}, theirs ${theirs}`);
        }
      };
      const endMs = performance.now() + durationMs;
      const worker = async (): Promise<void> => {
        while (performance.now() < endMs) await one();
      };
      await Promise.all(Array.from({ length: 10 }, worker));
    });
  } finally {
    await mosquitto.stop();
  }
  assert.deepEqual(laxer, [], `seed ${seed}`);
  assert.ok(cases > 50, `${cases} cases`);
});

function mutatedDialogue(machine: string, pick: (max: number) => number): { readonly chunks: readonly Buffer[]; readonly label: string } {
  const topic = `vm/${machine}/telemetry`;
  const own = { username: machine, clientId: machine };
  const good: readonly [Buffer, ...Buffer[]] = [
    connect({ ...own, password: "p", will: { topic, payload: "x", qos: 1 } }),
    publish(topic, "payload"),
    publish(topic, "payload", { qos: 1, id: 5 }),
    publish(topic, "payload", { qos: 2, id: 5 }),
    subscribe(3, [`vm/${machine}/cmd`, 1], [`vm/${machine}/+/x`, 0]),
    packet(0xa2, [0, 4], field(`vm/${machine}/cmd`)),
    pubrel(4),
    puback(4),
    pingreq,
  ];
  const kind = pick(good.length);
  const bytes = Buffer.from(good[kind] ?? good[0]);
  const at = pick(bytes.length);
  bytes[at] = pick(256);
  const chunks = kind === 0 ? [bytes] : [connect(own), bytes];
  return { chunks, label: `byte ${at} of ${bytes.toString("hex")}` };
}
