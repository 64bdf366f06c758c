// The official Centrifugo client under remote control: one JSON command a line on standard input, one JSON line out for
// each answer ({"answer":id,...}) and each event ({"event":...}).
//   node sdk.mjs '{"url":"ws://...","token":"..."}'
// `transports` instead of `url` for other transports, as the client wants them: [{"transport":"sse","endpoint":"http://..."}].
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { EventSource } from "./event-source.mjs";

const options = JSON.parse(process.argv[2]);
// The client that speaks Protobuf is a build of its own.
const { Centrifuge } = options.protobuf === true ? await import("centrifuge/build/protobuf") : await import("centrifuge");
// Long strings are told by their length: the pipe to the test is no place for megabytes.
const short = (_key, value) => (typeof value === "string" && value.length > 1_000 ? `${value.length} characters` : value);
const say = (line) => process.stdout.write(`${JSON.stringify(line, short)}\n`);

// Payloads are bytes there, and JSON to a test.
const outgoing = (data) => (options.protobuf === true ? new TextEncoder().encode(JSON.stringify(data)) : data);
const incoming = (data) => {
  if (!(data instanceof Uint8Array)) return data;
  const text = new TextDecoder().decode(data);
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
};
const info = (from) => from && { ...from, connInfo: incoming(from.connInfo), chanInfo: incoming(from.chanInfo) };
const publication = (from) => ({ ...from, data: incoming(from.data), info: info(from.info) });

/** With headers that a browser would send by itself, such as a cookie. */
class WithHeaders extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { headers: options.headers });
  }
}

const centrifuge = new Centrifuge(options.transports ?? options.url, {
  eventsource: EventSource,
  websocket: options.headers === undefined ? WebSocket : WithHeaders,
  token: options.token,
  minReconnectDelay: 100,
  maxReconnectDelay: 500,
  ...options.client,
});

centrifuge.on("connected", (ctx) => say({ event: "connected", client: ctx.client, transport: ctx.transport, data: incoming(ctx.data) }));
centrifuge.on("connecting", (ctx) => say({ event: "connecting", code: ctx.code, reason: ctx.reason }));
centrifuge.on("disconnected", (ctx) => say({ event: "disconnected", code: ctx.code, reason: ctx.reason }));
centrifuge.on("error", (ctx) => say({ event: "error", error: ctx.error, type: ctx.type }));
centrifuge.on("subscribed", (ctx) => say({ event: "server-subscribed", channel: ctx.channel, recovered: ctx.recovered }));
centrifuge.on("unsubscribed", (ctx) => say({ event: "server-unsubscribed", channel: ctx.channel }));
centrifuge.on("publication", (ctx) =>
  say({ event: "server-publication", channel: ctx.channel, data: incoming(ctx.data), offset: ctx.offset, tags: ctx.tags }),
);

function subscribe(channel, more) {
  const subscription = centrifuge.newSubscription(channel, { minResubscribeDelay: 100, maxResubscribeDelay: 500, ...more });
  subscription.on("subscribed", (ctx) =>
    say({
      event: "subscribed",
      channel,
      wasRecovering: ctx.wasRecovering,
      recovered: ctx.recovered,
      recoverable: ctx.recoverable,
      positioned: ctx.positioned,
      position: ctx.streamPosition,
      data: incoming(ctx.data),
    }),
  );
  subscription.on("subscribing", (ctx) => say({ event: "subscribing", channel, code: ctx.code }));
  subscription.on("unsubscribed", (ctx) => say({ event: "unsubscribed", channel, code: ctx.code, reason: ctx.reason }));
  subscription.on("error", (ctx) => say({ event: "subscription-error", channel, error: ctx.error }));
  subscription.on("publication", (ctx) =>
    say({ event: "publication", channel, data: incoming(ctx.data), offset: ctx.offset, tags: ctx.tags, info: info(ctx.info) }),
  );
  subscription.on("join", (ctx) => say({ event: "join", channel, info: info(ctx.info) }));
  subscription.on("leave", (ctx) => say({ event: "leave", channel, info: info(ctx.info) }));
  subscription.subscribe();
}

const operations = {
  connect: () => centrifuge.connect(),
  disconnect: () => centrifuge.disconnect(),
  subscribe: ({ channel, options: more }) => subscribe(channel, more),
  unsubscribe: ({ channel }) => centrifuge.getSubscription(channel).unsubscribe(),
  presence: async ({ channel }) => {
    const { clients } = await centrifuge.presence(channel);
    return { clients: Object.fromEntries(Object.entries(clients).map(([id, from]) => [id, info(from)])) };
  },
  presenceStats: ({ channel }) => centrifuge.presenceStats(channel),
  history: async ({ channel, options: more }) => {
    const result = await centrifuge.history(channel, more);
    return { ...result, publications: result.publications.map(publication) };
  },
  publish: ({ channel, data }) => centrifuge.publish(channel, outgoing(data)),
  rpc: async ({ method, data }) => ({ data: incoming((await centrifuge.rpc(method, outgoing(data))).data) }),
  // Cuts the connection as a network would; the client comes back by itself.
  cut: () => centrifuge._transport?._transport?.terminate?.() ?? centrifuge._disconnect(99, "cut by the test", true),
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, op, ...arguments_ } = JSON.parse(line);
  try {
    say({ answer: id, result: (await operations[op](arguments_)) ?? null });
  } catch (error) {
    say({ answer: id, error: { code: error?.code ?? -1, message: String(error?.message ?? error) } });
  }
});
