import assert from "node:assert/strict";
import { test } from "node:test";
import { originRule } from "./origin.ts";
import { decideUpgrade } from "./upgrade.ts";

function ask(headers: Record<string, string | undefined> = {}, path = "/connection/websocket", method = "GET") {
  const all: Record<string, string | undefined> = {
    host: "here:8000",
    upgrade: "websocket",
    connection: "keep-alive, Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return decideUpgrade(new Request(`http://here:8000${path}`, { method, headers: given }), originRule(undefined));
}

test("a proper handshake is upgraded, without a subprotocol where none was asked", () => {
  assert.deepEqual(ask(), { kind: "upgrade", headers: { "Sec-WebSocket-Protocol": "" } });
});

test("[W7] the first subprotocol that we know is taken in the client's order, unknown ones are ignored", () => {
  const header = (value: string) => ask({ "sec-websocket-protocol": value });
  assert.deepEqual(header("foo, centrifuge-json"), { kind: "upgrade", headers: { "Sec-WebSocket-Protocol": "centrifuge-json" } });
  assert.deepEqual(header("centrifuge-json, centrifuge-protobuf"), {
    kind: "upgrade",
    headers: { "Sec-WebSocket-Protocol": "centrifuge-json" },
  });
  assert.deepEqual(header("foo, bar"), { kind: "upgrade", headers: { "Sec-WebSocket-Protocol": "" } });
});

test("Protobuf is refused with 400 and a text that says so, asked for in any of the three ways", () => {
  for (const decision of [
    ask({ "sec-websocket-protocol": "centrifuge-protobuf" }),
    ask({}, "/connection/websocket?format=protobuf"),
    ask({}, "/connection/websocket?cf_protocol=protobuf"),
  ]) {
    assert.equal(decision.kind === "refuse" && decision.status, 400);
    assert.match(decision.kind === "refuse" ? decision.text : "", /Protobuf is not there yet/);
  }
});

test("[W6] not GET is 405; no upgrade, a wrong version, a bad or missing key are 400; a foreign origin is 403", () => {
  const status = (decision: ReturnType<typeof ask>) => (decision.kind === "refuse" ? decision.status : 101);
  assert.equal(status(ask({}, undefined, "POST")), 405);
  assert.equal(status(ask({ upgrade: undefined })), 400);
  assert.equal(status(ask({ connection: "keep-alive" })), 400);
  assert.equal(status(ask({ "sec-websocket-version": "12" })), 400);
  assert.equal(status(ask({ "sec-websocket-key": "abc" })), 400);
  assert.equal(status(ask({ "sec-websocket-key": undefined })), 400);
  assert.equal(status(ask({ origin: "https://evil.example" })), 403);
  assert.equal(status(ask({ origin: "http://localhost:5173" })), 101);
});
