import assert from "node:assert/strict";
import { connect } from "node:net";
import { standard } from "../configs/standard.ts";
import { parseHead, type RawAnswer, readBody } from "../harness/raw-http.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "websocket-upgrade",
  title: "The WebSocket handshake",
  about: "Which requests are upgraded, to what, and what the others are answered.",
  config: standard,
});

const allowed = "http://localhost:3000";
const right = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
} as const;

interface Asked {
  readonly method?: string;
  readonly path?: string;
  /** Instead of those of a right handshake; undefined: without it. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Header lines as they are, behind the others. */
  readonly lines?: readonly string[];
}

/** The answer to a handshake; a 101 is read to the end of its head. */
async function ask(
  side: Side,
  { method = "GET", path = "/connection/websocket", headers = {}, lines = [] }: Asked = {},
): Promise<RawAnswer> {
  const given = Object.entries({ ...right, ...headers }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  const text = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${side.port}`, ...given, ...lines, "", ""].join("\r\n");
  const answer = await new Promise<RawAnswer>((resolve, reject) => {
    const socket = connect(side.port, "127.0.0.1");
    side.later(() => void socket.destroy());
    let input = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      input = Buffer.concat([input, chunk]);
      const parsed = parseHead(input);
      if (parsed === undefined) return;
      socket.removeAllListeners("data");
      if (parsed.answer.status === 101 || method === "HEAD") resolve(parsed.answer);
      else readBody(socket, parsed.answer, parsed.rest).then(resolve, reject);
    });
    socket.on("error", reject);
    socket.write(text);
  });
  const shown = [...answer.headers].filter(([name]) =>
    /^(access-control|sec-websocket|content-type|upgrade|connection|x-content)/.test(name),
  );
  side.note("handshake", `${answer.status} ${JSON.stringify(shown.sort())} ${answer.body}`);
  return answer;
}

const once = { formats: ["http"] } as const;

rule("[W6.1] a proper handshake is upgraded, without a subprotocol where none was asked for", once, async (side) => {
  const answer = await ask(side);
  assert.equal(answer.status, 101);
  assert.equal(answer.headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  assert.equal(answer.headers.get("sec-websocket-protocol"), undefined);
});

for (const [number, [text, asked, status]] of (
  [
    [
      "the words of the two headers in any case and among others",
      { headers: { Upgrade: "h2c, WebSocket", Connection: "keep-alive, UPGRADE" } },
      101,
    ],
    ["no Upgrade", { headers: { Upgrade: undefined } }, 400],
    ["another Upgrade", { headers: { Upgrade: "h2c" } }, 400],
    ["an Upgrade with a version", { headers: { Upgrade: "websocket/13" } }, 400],
    ["no Connection", { headers: { Connection: undefined } }, 400],
    ["Connection: keep-alive", { headers: { Connection: "keep-alive" } }, 400],
    [
      "a plain GET",
      { headers: { Upgrade: undefined, Connection: undefined, "Sec-WebSocket-Key": undefined, "Sec-WebSocket-Version": undefined } },
      400,
    ],
    ["a plain POST", { method: "POST", headers: { Upgrade: undefined, Connection: undefined, "Content-Length": "0" } }, 400],
    ["a plain OPTIONS", { method: "OPTIONS", headers: { Upgrade: undefined, Connection: undefined } }, 400],
    ["a plain HEAD", { method: "HEAD", headers: { Upgrade: undefined, Connection: undefined } }, 400],
    ["a handshake by POST", { method: "POST", headers: { "Content-Length": "0" } }, 405],
    ["a handshake by PUT", { method: "PUT", headers: { "Content-Length": "0" } }, 405],
    ["a handshake by HEAD", { method: "HEAD" }, 405],
    ["no version", { headers: { "Sec-WebSocket-Version": undefined } }, 400],
    ["version 8", { headers: { "Sec-WebSocket-Version": "8" } }, 400],
    ["version 12", { headers: { "Sec-WebSocket-Version": "12" } }, 400],
    ["no key", { headers: { "Sec-WebSocket-Key": undefined } }, 400],
    ["an empty key", { headers: { "Sec-WebSocket-Key": "" } }, 400],
    ["a key of 3 bytes", { headers: { "Sec-WebSocket-Key": "YWJj" } }, 400],
    ["a key of 15 bytes", { headers: { "Sec-WebSocket-Key": "MTIzNDU2Nzg5MDEyMzQ1" } }, 400],
    ["a key that is not base64", { headers: { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25!ZQ==" } }, 400],
    [
      "no key and a foreign origin: the key is looked at first",
      { headers: { "Sec-WebSocket-Key": undefined, Origin: "https://evil.example" } },
      400,
    ],
    [
      "a POST with a wrong version: the method is looked at first",
      { method: "POST", headers: { "Sec-WebSocket-Version": "8", "Content-Length": "0" } },
      405,
    ],
    ["an allowed origin", { headers: { Origin: allowed } }, 101],
    ["an allowed origin in capitals", { headers: { Origin: "HTTP://LOCALHOST:3000" } }, 101],
    ["an empty origin", { headers: { Origin: "" } }, 101],
    ["a foreign origin", { headers: { Origin: "https://evil.example" } }, 403],
    ["the origin null", { headers: { Origin: "null" } }, 403],
    ["an origin that only begins like an allowed one", { headers: { Origin: `${allowed}.evil.example` } }, 403],
    ["an origin that differs in its port", { headers: { Origin: "http://localhost:3001" } }, 403],
    ["a plain GET of an allowed page is told so", { headers: { Upgrade: undefined, Origin: allowed } }, 400],
    ["a plain GET of a foreign page is told nothing", { headers: { Upgrade: undefined, Origin: "https://evil.example" } }, 400],
    ["a slash behind the path", { path: "/connection/websocket/" }, 404],
  ] as readonly (readonly [string, Asked, number])[]
).entries()) {
  rule(`[W6.${number + 2}] ${text}: ${status}`, once, async (side) => {
    assert.equal((await ask(side, asked)).status, status);
  });
}

for (const [number, [text, lines, chosen]] of (
  [
    ["an unknown subprotocol is not named", ["Sec-WebSocket-Protocol: foo"], undefined],
    ["the first known one of several", ["Sec-WebSocket-Protocol: foo, centrifuge-json, centrifuge-protobuf"], "centrifuge-json"],
    ["in the client's order", ["Sec-WebSocket-Protocol: centrifuge-protobuf, centrifuge-json"], "centrifuge-protobuf"],
    ["without spaces", ["Sec-WebSocket-Protocol: foo,centrifuge-protobuf"], "centrifuge-protobuf"],
    ["names are not read in another case", ["Sec-WebSocket-Protocol: CENTRIFUGE-JSON"], undefined],
    ["an empty header", ["Sec-WebSocket-Protocol: "], undefined],
  ] as const
).entries()) {
  rule(`[W7.${number + 1}] ${text}`, once, async (side) => {
    const answer = await ask(side, { lines });
    assert.equal(answer.status, 101);
    assert.equal(answer.headers.get("sec-websocket-protocol"), chosen);
  });
}

const version = (status: number) => async (side: Side) => {
  assert.equal((await ask(side, { headers: { "Sec-WebSocket-Version": "8, 13" } })).status, status);
};
rule(
  "[W6.60] version 13 among others: 400",
  { ...once, differs: { deviation: "`Sec-WebSocket-Version` with several versions", real: version(101) } },
  version(400),
);

const twoLines = ["Sec-WebSocket-Protocol: foo", "Sec-WebSocket-Protocol: centrifuge-json"];
const protocolOf = (chosen: string | undefined) => async (side: Side) => {
  assert.equal((await ask(side, { lines: twoLines })).headers.get("sec-websocket-protocol"), chosen);
};
rule(
  "[W7.10] two lines of the header are one list",
  { formats: ["http"], differs: { deviation: "`Sec-WebSocket-Protocol` in two lines", real: protocolOf(undefined) } },
  protocolOf("centrifuge-json"),
);

for (const [number, [query, format]] of (
  [
    ["?format=protobuf", "protobuf"],
    ["?cf_protocol=protobuf", "protobuf"],
    ["?format=json", "json"],
    ["?format=Protobuf", "json"],
    ["?format=json&cf_protocol=protobuf", "protobuf"],
    ["?cf_protocol=%70rotobuf", "protobuf"],
  ] as const
).entries()) {
  rule(`[W7.${number + 20}] ${query}: the connection speaks ${format}`, { formats: [format] }, async (side) => {
    const client = await side.open({ path: `/connection/websocket${query}`, protocols: [] });
    await client.ok("connect", side.connectRequest());
  });
}

export default group;
