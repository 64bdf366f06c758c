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
  assert.deepEqual(ask(), { kind: "upgrade", protocol: "json", headers: { "Sec-WebSocket-Protocol": "" } });
});

test("[W7] the first subprotocol that we know is taken in the client's order, unknown ones are ignored", () => {
  for (const [asked, protocol, answered] of [
    ["foo, centrifuge-json", "json", "centrifuge-json"],
    ["centrifuge-json, centrifuge-protobuf", "json", "centrifuge-json"],
    ["foo,centrifuge-protobuf , centrifuge-json", "protobuf", "centrifuge-protobuf"],
    ["foo, bar", "json", ""],
    ["CENTRIFUGE-PROTOBUF", "json", ""],
  ] as const) {
    assert.deepEqual(
      ask({ "sec-websocket-protocol": asked }),
      { kind: "upgrade", protocol, headers: { "Sec-WebSocket-Protocol": answered } },
      asked,
    );
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
      const decision = ask({ "sec-websocket-protocol": subprotocol }, `/connection/websocket${query}`);
      assert.deepEqual(decision, { kind: "upgrade", protocol, headers: { "Sec-WebSocket-Protocol": subprotocol } }, query);
    }
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
