// The stock JavaScript client under remote control; the lines that it reads and prints are told in ../README.md.
import { readFileSync } from "node:fs";
import * as json from "centrifuge";
import * as protobuf from "centrifuge/build/protobuf";
import WebSocket from "ws";
import { EventSource } from "../../clients/event-source.mjs";

const manifest = JSON.parse(readFileSync(new URL("../../../node_modules/centrifuge/package.json", import.meta.url), "utf8"));
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const quick = { minResubscribeDelay: 50, maxResubscribeDelay: 200 };

/** Tokens that the client has asked for and the driver has not given yet. */
const asked = new Map();
let asks = 0;

/** The error's own code where the server gave one; what the client makes up itself is 0. */
const errorOf = (error) => {
  const code = error?.code ?? 0;
  return code >= 100 ? { code, message: error.message } : { code: 0, message: String(error?.message ?? error) };
};

/** Offers no compression, which `ws` does by itself. */
class Uncompressed extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { perMessageDeflate: false });
  }
}

/** One client of the program, with whatever it has subscribed to. */
class Client {
  #name;
  #centrifuge;
  #sdk;
  #subscriptions = new Map();
  #outgoing;
  #incoming;

  constructor(name, options) {
    this.#name = name;
    this.#sdk = options.protobuf ? protobuf : json;
    // Payloads are bytes to the client that speaks Protobuf, and JSON to the driver.
    this.#outgoing = options.protobuf ? (data) => new TextEncoder().encode(JSON.stringify(data)) : (data) => data;
    this.#incoming = (data) => {
      if (!(data instanceof Uint8Array)) return data;
      if (data.length === 0) return undefined;
      try {
        return JSON.parse(new TextDecoder().decode(data));
      } catch {
        return { bytes: Buffer.from(data).toString("base64") };
      }
    };
    this.#centrifuge = new this.#sdk.Centrifuge(options.transports ?? options.url, {
      websocket: options.compressed ? WebSocket : Uncompressed,
      eventsource: EventSource,
      ...(options.emulation === undefined ? {} : { emulationEndpoint: options.emulation }),
      token: options.token ?? "",
      ...(options.asks ? { getToken: () => this.#ask() } : {}),
      ...(options.data === undefined ? {} : { data: this.#outgoing(options.data) }),
      ...(options.pingDelayMs === undefined ? {} : { maxServerPingDelay: options.pingDelayMs }),
      minReconnectDelay: 50,
      maxReconnectDelay: 200,
    });
    this.#listen();
  }

  #say(event, more) {
    say({ of: this.#name, event, ...more });
  }

  #ask(channel, keys) {
    const ask = ++asks;
    const { UnauthorizedError } = this.#sdk;
    return new Promise((resolve, reject) => {
      asked.set(ask, ({ token }) => (token === undefined ? reject(new UnauthorizedError("refused")) : resolve(token)));
      say({ of: this.#name, ask, channel, keys });
    });
  }

  #info = (from) =>
    from && { user: from.user, client: from.client, conn: this.#incoming(from.connInfo), chan: this.#incoming(from.chanInfo) };
  #publication = (from) => ({
    data: this.#incoming(from.data),
    offset: from.offset,
    tags: from.tags,
    info: this.#info(from.info),
    key: from.key,
  });
  #subscribed = (from) => ({
    wasRecovering: from.wasRecovering,
    recovered: from.recovered,
    recoverable: from.recoverable,
    positioned: from.positioned,
    position: from.streamPosition,
    data: this.#incoming(from.data),
  });

  #listen() {
    const client = this.#centrifuge;
    client.on("connecting", ({ code, reason }) => this.#say("connecting", { code, reason }));
    client.on("connected", ({ client: id, data, transport }) =>
      this.#say("connected", { client: id, data: this.#incoming(data), transport }),
    );
    client.on("disconnected", ({ code, reason }) => this.#say("disconnected", { code, reason }));
    client.on("error", ({ error }) => this.#say("error", { error: errorOf(error) }));
    client.on("subscribing", ({ channel }) => this.#say("server-subscribing", { channel }));
    client.on("subscribed", (context) => this.#say("server-subscribed", { channel: context.channel, ...this.#subscribed(context) }));
    client.on("unsubscribed", ({ channel }) => this.#say("server-unsubscribed", { channel }));
    client.on("publication", (context) => this.#say("server-publication", { channel: context.channel, ...this.#publication(context) }));
    client.on("join", ({ channel, info }) => this.#say("server-join", { channel, info: this.#info(info) }));
    client.on("leave", ({ channel, info }) => this.#say("server-leave", { channel, info: this.#info(info) }));
  }

  #follow(channel, subscription, brief = false) {
    this.#subscriptions.set(channel, subscription);
    subscription.on("subscribing", ({ code, reason }) => this.#say("subscribing", { channel, code, reason }));
    subscription.on("subscribed", (context) => this.#say("subscribed", { channel, ...this.#subscribed(context) }));
    subscription.on("unsubscribed", ({ code, reason }) => this.#say("unsubscribed", { channel, code, reason }));
    subscription.on("error", ({ error }) => this.#say("subscription-error", { channel, error: errorOf(error) }));
    subscription.on("publication", (context) => {
      const told = this.#publication(context);
      this.#say("publication", { channel, ...told, ...(brief ? { data: { n: told.data.n } } : {}) });
    });
    subscription.on("join", ({ info }) => this.#say("join", { channel, info: this.#info(info) }));
    subscription.on("leave", ({ info }) => this.#say("leave", { channel, info: this.#info(info) }));
    subscription.on("sync", ({ entries }) => this.#say("sync", { channel, entries: entries.map(this.#publication) }));
    subscription.on("update", ({ removed, version, ...rest }) =>
      this.#say("update", { channel, ...this.#publication(rest), removed, version }),
    );
    subscription.subscribe();
  }

  #options({ token, asks: wantsToken, data, delta, positioned, recoverable, joinLeave, tag, state }) {
    return {
      ...quick,
      ...(token === undefined ? {} : { token }),
      ...(wantsToken ? { getToken: ({ channel }) => this.#ask(channel) } : {}),
      ...(data === undefined ? {} : { data: this.#outgoing(data) }),
      ...(delta === undefined ? {} : { delta }),
      ...(positioned === undefined ? {} : { positioned }),
      ...(recoverable === undefined ? {} : { recoverable }),
      ...(joinLeave === undefined ? {} : { joinLeave }),
      ...(tag === undefined ? {} : { tagsFilter: { key: tag.key, cmp: "eq", val: tag.value } }),
      ...(state === undefined ? {} : { getState: async () => state }),
    };
  }

  operations = {
    connect: () => this.#centrifuge.connect(),
    disconnect: () => this.#centrifuge.disconnect(),
    subscribe: ({ channel, brief, ...options }) =>
      this.#follow(channel, this.#centrifuge.newSubscription(channel, this.#options(options)), brief),
    resubscribe: ({ channel }) => this.#subscriptions.get(channel).subscribe(),
    unsubscribe: ({ channel }) => this.#subscriptions.get(channel).unsubscribe(),
    publish: async ({ channel, data }) => void (await this.#centrifuge.publish(channel, this.#outgoing(data))),
    presence: async ({ channel }) => Object.values((await this.#centrifuge.presence(channel)).clients).map(this.#info),
    presence_stats: async ({ channel }) => {
      const { numClients, numUsers } = await this.#centrifuge.presenceStats(channel);
      return { clients: numClients, users: numUsers };
    },
    history: async ({ channel, ...options }) => {
      const { publications, offset, epoch } = await this.#centrifuge.history(channel, options);
      return { publications: publications.map(this.#publication), offset, epoch };
    },
    rpc: async ({ method, data }) => ({ data: this.#incoming((await this.#centrifuge.rpc(method, this.#outgoing(data))).data) }),
    send: ({ data }) => this.#centrifuge.send(this.#outgoing(data)),
    map: ({ channel, ...options }) => this.#follow(channel, this.#centrifuge.newMapSubscription(channel, this.#options(options))),
    map_clients: ({ channel }) => this.#follow(channel, this.#centrifuge.newMapClientsSubscription(channel, quick)),
    map_users: ({ channel }) => this.#follow(channel, this.#centrifuge.newMapUsersSubscription(channel, quick)),
    map_publish: async ({ channel, key, data }) => void (await this.#subscriptions.get(channel).publish(key, this.#outgoing(data))),
    map_remove: async ({ channel, key }) => void (await this.#subscriptions.get(channel).remove(key)),
    poll: ({ channel, ...options }) =>
      this.#follow(
        channel,
        this.#centrifuge.newSharedPollSubscription(channel, {
          ...this.#options(options),
          getSignature: async ({ keys }) => ({ keys, signature: await this.#ask(channel, keys) }),
        }),
      ),
    track: ({ channel, keys }) => this.#subscriptions.get(channel).track(keys),
    untrack: ({ channel, keys }) => this.#subscriptions.get(channel).untrack(keys),
  };
}

const clients = new Map();

async function answer({ id, client, op, ...rest }) {
  try {
    if (op === "create") clients.set(client, new Client(client, rest));
    const result = op === "create" ? undefined : await clients.get(client).operations[op](rest);
    say({ answer: id, result });
  } catch (error) {
    say({ answer: id, error: errorOf(error) });
  }
}

// Not by Node's readline, which would also cut at U+2028 inside a payload.
let rest = "";
process.stdin.setEncoding("utf8");
process.stdin.on("end", () => process.exit(0));
process.stdin.on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const command = JSON.parse(line);
    if (command.asked === undefined) void answer(command);
    else asked.get(command.asked)?.(command);
  }
});

say({
  sdk: "centrifuge",
  version: manifest.version,
  can: ["protobuf", "send", "delta", "filter", "map", "shared_poll", "http_stream", "sse"],
});
