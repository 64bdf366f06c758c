// Dashboards on the official Centrifugo client: each subscribes to every channel and writes what it is given.
//   node subscribers.mjs '{"url":"ws://...","ledger":"file","count":3,"channels":["telemetry:VM-1"],"token":"..."}'
// "stop" on standard input: disconnect, print "stopped", exit 0.
import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { Centrifuge } from "centrifuge";
import WebSocket from "ws";

const options = JSON.parse(process.argv[2]);
const ledger = openSync(options.ledger, "a");
const write = (line) => writeSync(ledger, `${JSON.stringify({ ...line, mono: performance.now() })}\n`);
const clients = [];
let ready = 0;

for (let number = 1; number <= options.count; number++) {
  const sub = `dash-${number}`;
  const client = new Centrifuge(options.url, {
    websocket: WebSocket,
    token: options.token,
    timeout: 3_000,
    minReconnectDelay: 100,
    maxReconnectDelay: 400,
  });
  client.on("connecting", (ctx) => write({ t: "closed", sub, code: ctx.code }));
  client.on("disconnected", (ctx) => write({ t: "closed", sub, code: ctx.code }));
  for (const channel of options.channels) {
    const subscription = client.newSubscription(channel, { minResubscribeDelay: 100, maxResubscribeDelay: 400 });
    let first = true;
    subscription.on("subscribed", (ctx) => {
      write({
        t: "subscribed",
        sub,
        channel,
        wasRecovering: ctx.wasRecovering,
        recovered: ctx.recovered,
        epoch: ctx.streamPosition?.epoch ?? "",
        offset: ctx.streamPosition?.offset ?? 0,
      });
      if (!first) return;
      first = false;
      if (++ready === options.count * options.channels.length) process.stdout.write("ready\n");
    });
    subscription.on("subscribing", (ctx) => write({ t: "unsubscribed", sub, channel, code: ctx.code }));
    subscription.on("unsubscribed", (ctx) => write({ t: "unsubscribed", sub, channel, code: ctx.code }));
    subscription.on("publication", (ctx) => {
      // The machines write canonical JSON, so writing it again gives the bytes that were sent.
      const sha256 = createHash("sha256").update(JSON.stringify(ctx.data)).digest("hex");
      write({ t: "pub", sub, channel, offset: ctx.offset ?? 0, sha256, vm: ctx.data.id, boot: ctx.data.boot, seq: ctx.data.seq });
    });
    subscription.subscribe();
  }
  client.connect();
  clients.push(client);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line !== "stop") return;
  for (const client of clients) client.disconnect();
  process.stdout.write("stopped\n", () => process.exit(0));
});
