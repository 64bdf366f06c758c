import { pingreq } from "./bytes.ts";
import { RawDevice } from "./raw-device.ts";
import { sleep } from "./real-clock.ts";

const names: Readonly<Record<number, string>> = {
  2: "connack",
  3: "publish",
  4: "puback",
  5: "pubrec",
  7: "pubcomp",
  9: "suback",
  11: "unsuback",
};

/**
 * What a broker makes of these bytes, in words: `connack0 puback7 alive`, `connack0 close`, `close`, `connack1 close`.
 * `alive` means that a PINGREQ afterwards was answered.
 */
export async function outcome(port: number, chunks: readonly Buffer[], limitMs = 2_000): Promise<string> {
  const device = await RawDevice.open(port);
  for (const chunk of chunks) {
    device.write(chunk);
    // One after the other, so that an answer to the first is not raced by the close for the second.
    if (chunks.length > 1) await sleep(15);
  }
  await sleep(30);
  device.write(pingreq);
  const endMs = performance.now() + limitMs;
  while (!device.closed && !device.packets.some((packet) => packet.type === 13) && performance.now() < endMs) await sleep(5);
  const heard = device.packets.filter((packet) => packet.type !== 13).map(describe);
  const end = device.closed ? "close" : device.packets.some((packet) => packet.type === 13) ? "alive" : "silent";
  device.cut();
  return [...heard, end].join(" ");
}

function describe(packet: { readonly type: number; readonly body: Buffer }): string {
  const name = names[packet.type] ?? `type${packet.type}`;
  if (packet.type === 2) return `${name}${packet.body[1]}`;
  if (packet.type === 9) return `${name}[${[...packet.body.subarray(2)].join(",")}]`;
  if (packet.type === 3) return name;
  return `${name}${packet.body.length >= 2 ? packet.body.readUInt16BE(0) : ""}`;
}
