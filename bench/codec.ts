import { type ClientCommand, jsonCodec, type Push, protobufCodec, type Reply, type SubscribeRequest } from "@fleetcast/protocol";
import { decodeReplies, encodeCommands, messageType, type Wire } from "@fleetcast/protocol/testing";
import { machine, table } from "./run.ts";

/**
 * Both codecs beside a generated one: protobufjs, whose code is generated from `client.proto` when it starts and is the same as
 * that of its static output. All in one process, in turn, many short rounds each; the best round counts, because the machine is
 * shared and what disturbs only adds.
 */
const rounds = 200;
const roundMs = 2;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const telemetry = bytes(
  '{"id":"VM-SH-001","system":{"voltage":224.2,"door_closed":true},"environment":{"temps":[-18.5,-18.2]},"ts":"2026-01-26T14:50:00Z"}',
);
const tags = { at: "1795000000000" };
const publication = { data: telemetry, offset: 123_456, tags };
const large = { ...publication, data: bytes(JSON.stringify(Array.from({ length: 75 }, () => new TextDecoder().decode(telemetry)))) };
const subscribed = {
  recoverable: true,
  positioned: true,
  epoch: "abcdefgh",
  offset: 123_356,
  recovered: true,
  wasRecovering: true,
  publications: Array.from({ length: 20 }, () => publication),
};

const said: Readonly<Record<string, Push | Reply>> = {
  "publication, 130 B": { kind: "publication", channel: "telemetry:VM-SH-001", publication },
  "publication, 10 KB": { kind: "publication", channel: "telemetry:VM-SH-001", publication: large },
  "reply: publish": { kind: "publish", id: 7 },
  "reply: connect": {
    kind: "connect",
    id: 1,
    result: { client: "5b0e2c1a-3c5b-4f0e-9a56-1f0a3c2b4d5e", version: "1.0.0", ping: 25, pong: true },
  },
  "reply: subscribe, 20 recovered": { kind: "subscribe", id: 2, result: subscribed },
};
const asked: Readonly<Record<string, Wire>> = {
  connect: { id: 1, connect: { token: `eyJhbGciOiJIUzI1NiJ9.${"x".repeat(80)}.${"y".repeat(43)}`, name: "js" } },
  subscribe: { id: 2, subscribe: { channel: "telemetry:VM-SH-001", recover: true, epoch: "abcdefgh", offset: 123_456 } },
  "publish, 130 B": { id: 3, publish: { channel: "chat:room", data: JSON.parse(new TextDecoder().decode(telemetry)) as unknown } },
};

export function codec(): string {
  const out = [`Measured on ${machine()}; nanoseconds a message, the best of ${rounds} rounds.`];
  out.push(
    "### encode",
    table(["message", "bytes JSON", "bytes Protobuf", "JSON", "Protobuf", "protobufjs"], Object.entries(said).map(encodeRow)),
  );
  out.push(
    "### decode",
    table(["command", "JSON", "Protobuf", "protobufjs", "protobufjs, into our types"], Object.entries(asked).map(decodeRow)),
  );
  return out.join("\n\n");
}

function encodeRow([name, message]: [string, Push | Reply]): (string | number)[] {
  const say = (c: typeof jsonCodec) => ("id" in message ? c.reply(message) : c.push(message));
  const frame = say(protobufCodec)?.payload as Uint8Array;
  const type = messageType("Reply");
  // protobufjs is handed its own message objects, already made; ours are handed what the engine has.
  const [wire] = decodeReplies(frame);
  const theirs = type.decodeDelimited(frame);
  if (wire === undefined) throw new Error("a frame without a message");
  const took = measure(
    () => say(jsonCodec),
    () => say(protobufCodec),
    () => type.encodeDelimited(theirs).finish(),
  );
  return [name, say(jsonCodec)?.sizeBytes ?? 0, frame.length, ...took];
}

function decodeRow([name, command]: [string, Wire]): (string | number)[] {
  const text = JSON.stringify(command);
  const frame = encodeCommands(command);
  const type = messageType("Command");
  const took = measure(
    () => jsonCodec.decode(text),
    () => protobufCodec.decode(frame),
    () => type.decodeDelimited(frame),
    () => commandOf(type.decodeDelimited(frame) as unknown as Wire),
  );
  return [name, ...took];
}

/** What would follow a generated decoder: our types, with every rule that it leaves to us but for those about broken input. */
function commandOf(decoded: Wire): ClientCommand {
  const id = decoded["id"] as number;
  const { connect, subscribe, publish } = decoded;
  if (connect) {
    const subs = new Map(Object.entries(connect.subs as Record<string, Wire>).map(([channel, sub]) => [channel, subscribeOf(sub)]));
    const headers = new Map(Object.entries(connect.headers as Record<string, string>));
    return {
      kind: "connect",
      id,
      request: { token: connect.token, data: copyOf(connect.data), subs, name: connect.name, version: connect.version, headers },
    };
  }
  if (subscribe) return { kind: "subscribe", id, request: subscribeOf(subscribe as Wire) };
  const { channel, data, type, key, removed } = publish as Wire;
  return { kind: "publish", id, request: { channel, data: copyOf(data), type, key, removed } };
}

function subscribeOf(s: Wire): SubscribeRequest {
  return {
    channel: s["channel"],
    token: s["token"],
    recover: s["recover"],
    epoch: s["epoch"],
    offset: Number(s["offset"]),
    data: copyOf(s["data"]),
    positioned: s["positioned"],
    recoverable: s["recoverable"],
    joinLeave: s["join_leave"],
    delta: s["delta"],
    tagsFilter: s["tf"] ?? undefined,
    rejectUnrecovered: (Number(s["flag"]) & 2) !== 0,
    type: s["type"],
    phase: s["phase"],
    cursor: s["cursor"],
    limit: s["limit"],
    asc: s["asc"],
  };
}

function copyOf(data: Uint8Array): Uint8Array | undefined {
  return data.length === 0 ? undefined : new Uint8Array(data);
}

/** Nanoseconds a call of each. */
function measure(...runs: readonly (() => unknown)[]): number[] {
  const counts = runs.map((run) => {
    let count = 0;
    for (const end = performance.now() + 150; performance.now() < end; count++) run();
    return Math.max(1, Math.round((count / 150) * roundMs));
  });
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (const [index, run] of runs.entries()) {
      const count = counts[index]!;
      const startMs = performance.now();
      for (let turn = 0; turn < count; turn++) run();
      best[index] = Math.min(best[index]!, ((performance.now() - startMs) / count) * 1e6);
    }
  }
  return best.map(Math.round);
}
