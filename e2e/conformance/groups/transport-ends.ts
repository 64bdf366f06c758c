import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { conformance } from "../harness/rule.ts";
import { StreamClient } from "../harness/stream-client.ts";

const { group, rule } = conformance({
  name: "transport-ends",
  title: "The end of a server, on every transport",
  about: "What clients of each transport are told when the server stops.",
  // Its servers are ended by a rule, so no other group may use it.
  config: { ...transports, shutdown: { timeout: "9s" } },
});

rule(
  "[R3.10] a server that is told to stop says 3001 on every transport and ends with 0",
  { alone: true, formats: ["json"] },
  async (side) => {
    const connect = side.connectRequest();
    const streams: StreamClient[] = [];
    for (const transport of ["http_stream", "sse", "uni_http_stream", "uni_sse"] as const) {
      const body = JSON.stringify(transport.startsWith("uni_") ? connect : { id: 1, connect });
      const client = await StreamClient.open(side, transport, { body });
      assert.ok(client instanceof StreamClient);
      await client.until("the connect reply", () => client.messages[0]);
      streams.push(client);
    }
    const webSocket = await side.connect();
    const uni = await side.open({ path: "/connection/uni_websocket", protocols: [] });
    uni.sendFrame(JSON.stringify(connect));
    await uni.until("the connect push", () => uni.messages[0]);
    const code = await side.engine.end("SIGTERM");
    for (const client of streams) await client.disconnected(3001, "shutdown");
    await webSocket.closed(3001);
    await uni.closed(3001);
    assert.deepEqual(uni.messages.at(-1), { disconnect: { code: 3001, reason: "shutdown" } });
    assert.equal(code, 0);
  },
);

export default group;
