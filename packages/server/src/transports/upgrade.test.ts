import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../runtime/clock.ts";
import { ConnectionGate } from "./connection-gate.ts";
import { originRule } from "./origin.ts";
import type { RequestDetails } from "./request-details.ts";
import { decideUniWebSocket } from "./uni-websocket.ts";
import type { UpgradeDecision } from "./upgrade.ts";
import { decideWebSocket } from "./websocket.ts";

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const gate = (connectionsMax = 0) =>
  new ConnectionGate({ connectionsMax, connectionsPerSecondMax: 0 }, { clock: systemClock, log, connectionCount: () => 5 });
const noDetails: RequestDetails = { keptHeaders: [], userHeader: "" };

interface Asked {
  readonly headers?: Record<string, string | undefined>;
  readonly query?: string;
  readonly method?: string;
  readonly details?: RequestDetails;
  readonly connectionsMax?: number;
}

function requestOf({ headers = {}, query = "", method = "GET" }: Asked): Request {
  const all: Record<string, string | undefined> = {
    host: "here:8000",
    upgrade: "websocket",
    connection: "keep-alive, Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new Request(`http://here:8000/connection/websocket${query}`, { method, headers: given });
}

function ask(asked: Asked = {}): UpgradeDecision {
  const ports = { gate: gate(asked.connectionsMax), origin: originRule(undefined), details: asked.details ?? noDetails };
  return decideWebSocket(ports, requestOf(asked), "192.0.2.7");
}

function askUni(query: string, more: Asked = {}): UpgradeDecision {
  const ports = { gate: gate(), origin: originRule(undefined), details: noDetails };
  const options = {
    path: "/",
    messageBytesMax: 1,
    compression: undefined,
    writeTimeoutMs: 1,
    joinPushMessages: false,
    disableClosingHandshake: false,
    disableDisconnectPush: true,
  };
  return decideUniWebSocket(ports, options, requestOf({ ...more, query }), "192.0.2.7");
}

const statusOf = (decision: UpgradeDecision): number => (decision.kind === "answer" ? decision.response.status : 101);
const upgraded = (decision: UpgradeDecision) => (decision.kind === "upgrade" ? decision : undefined);
const protocolOf = (decision: UpgradeDecision) => [
  upgraded(decision)?.info.protocol,
  upgraded(decision)?.headers?.["Sec-WebSocket-Protocol"],
];

test("a proper handshake is upgraded, without a subprotocol where none was asked", () => {
  assert.deepEqual(protocolOf(ask()), ["json", undefined]);
  assert.equal(upgraded(ask())?.info.remoteAddress, "192.0.2.7");
});

test("[W7] the first subprotocol that we know is taken in the client's order, unknown ones are ignored", () => {
  for (const [asked, protocol, answered] of [
    ["foo, centrifuge-json", "json", "centrifuge-json"],
    ["centrifuge-json, centrifuge-protobuf", "json", "centrifuge-json"],
    ["foo,centrifuge-protobuf , centrifuge-json", "protobuf", "centrifuge-protobuf"],
    ["foo, bar", "json", ""],
    ["CENTRIFUGE-PROTOBUF", "json", ""],
  ] as const) {
    assert.deepEqual(protocolOf(ask({ headers: { "sec-websocket-protocol": asked } })), [protocol, answered], asked);
  }
});

test("Protobuf is also asked for by the query, whatever the subprotocol says", () => {
  for (const [query, protocol] of [
    ["?format=protobuf", "protobuf"],
    ["?cf_protocol=protobuf", "protobuf"],
    ["?format=json&cf_protocol=protobuf", "protobuf"],
    ["?format=json&format=protobuf", "json"],
    ["?format=Protobuf", "json"],
  ] as const) {
    for (const subprotocol of ["", "centrifuge-json"]) {
      const decision = ask({ query, headers: { "sec-websocket-protocol": subprotocol } });
      assert.deepEqual(protocolOf(decision), [protocol, subprotocol], query);
    }
  }
});

test("[TR12] ping frames instead of the protocol's pings are asked for by the query, in so many words", () => {
  const pings = (query: string) => upgraded(ask({ query }))?.info.pings;
  assert.deepEqual(["?cf_ws_frame_ping_pong=true", "?cf_ws_frame_ping_pong=1", ""].map(pings), ["native", "protocol", "protocol"]);
});

test("[W6] in this order: no upgrade 400, not GET 405, version and key 400, foreign origin 403", () => {
  const status = (headers: Record<string, string | undefined>, method?: string) =>
    statusOf(ask(method === undefined ? { headers } : { headers, method }));
  const foreign = { origin: "https://evil.example" };
  assert.equal(status({ upgrade: undefined, ...foreign }), 400);
  assert.equal(status({ upgrade: undefined }, "POST"), 400);
  assert.equal(status({ connection: "keep-alive" }), 400);
  assert.equal(status({ upgrade: "h2c, WebSocket" }), 101);
  assert.equal(status({ "sec-websocket-version": "12", ...foreign }, "POST"), 405);
  assert.equal(status({ "sec-websocket-version": "12", ...foreign }), 400);
  assert.equal(status({ "sec-websocket-version": "8, 13" }), 400);
  assert.equal(status({ "sec-websocket-version": undefined }), 400);
  for (const key of [undefined, "abc", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZTE1", "dGhlIHNhbXBsZSBub25j!Q=="]) {
    assert.equal(status({ "sec-websocket-key": key, ...foreign }), 400, key);
  }
  assert.equal(status(foreign), 403);
  assert.equal(status({ origin: "http://localhost:5173" }), 101);
  assert.equal(status({ origin: "" }), 101);
});

test("[W6] a refusal names the version that is spoken, and lets an allowed page read it", async () => {
  const decision = ask({ headers: { upgrade: undefined, origin: "http://localhost:5173" } });
  assert.ok(decision.kind === "answer");
  const { headers } = decision.response;
  assert.equal(headers.get("sec-websocket-version"), "13");
  assert.equal(headers.get("access-control-allow-origin"), "http://localhost:5173");
  assert.equal(await decision.response.text(), "Bad Request\n");
});

test("[TR5] a server that is full says 503 before it looks at the handshake", () => {
  assert.equal(statusOf(ask({ connectionsMax: 5 })), 503);
  assert.equal(statusOf(ask({ connectionsMax: 5, method: "POST" })), 503);
  assert.equal(statusOf(ask({ connectionsMax: 6 })), 101);
});

test("[TR6] only the headers that some proxy forwards outlive the handshake, and the one that names the user", () => {
  const headers = { "X-User": "42", "X-Tenant": "t", cookie: "c=1" };
  const info = upgraded(ask({ headers, details: { keptHeaders: ["x-tenant", "x-none"], userHeader: "x-user" } }))?.info;
  assert.deepEqual([...(info?.headers ?? [])], [["x-tenant", "t"]]);
  assert.equal(info?.headerUser, "42");
  assert.equal(
    upgraded(ask({ headers: { "X-User": "" }, details: { keptHeaders: [], userHeader: "x-user" } }))?.info.headerUser,
    undefined,
  );
});

test("[TR50] a one-way WebSocket takes its connect request from the query; a broken one is 400, whatever else is asked", async () => {
  assert.equal(upgraded(askUni(`?cf_connect=${encodeURIComponent('{"token":"t"}')}`))?.connect, '{"token":"t"}');
  assert.equal(upgraded(askUni("?cf_connect="))?.connect, undefined);
  assert.equal(upgraded(askUni(""))?.info.disconnectPush, false);
  const broken = askUni("?cf_connect=x", { headers: { upgrade: undefined } });
  assert.ok(broken.kind === "answer");
  assert.deepEqual([broken.response.status, await broken.response.text()], [400, "invalid connect request\n"]);
  assert.equal(statusOf(askUni("", { headers: { origin: "https://evil.example" } })), 403);
});
