import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import type { RawRequest } from "../harness/raw-http.ts";
import { RawStream } from "../harness/raw-stream.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule: anyRule } = conformance({
  name: "transport-http",
  title: "Methods, sizes and origins of the HTTP transports",
  about: "What the addresses answer before there is a connection, and what a browser is told about pages of other origins.",
  config: transports,
});
const rule = (title: string, body: (side: Side) => Promise<void>): void => anyRule(title, { formats: ["http"] }, body);

const allowed = "http://localhost:3000";
const foreign = "https://evil.example";
const connect = '{"id":1,"connect":{}}';

/** Status, and the headers that a browser looks at; a stream is cut once it has begun. */
async function ask(side: Side, request: RawRequest): Promise<{ readonly status: number; readonly headers: ReadonlyMap<string, string> }> {
  const opened = await RawStream.open(side.port, request);
  const answer = opened instanceof RawStream ? opened.head : opened;
  if (opened instanceof RawStream) opened.cut();
  const shown = [...answer.headers].filter(([name]) => /^(access-control|content-type|allow|connection|cache-control|vary)/.test(name));
  side.note("answer", `${answer.status} ${JSON.stringify(shown.sort())} ${opened instanceof RawStream ? "" : answer.body}`);
  return answer;
}

interface Door {
  readonly path: string;
  readonly methods: readonly string[];
  readonly preflight: boolean;
  /** A request that opens it. */
  readonly opens: RawRequest;
}

const doors: readonly Door[] = [
  { path: "/connection/http_stream", methods: ["POST"], preflight: true, opens: { path: "/connection/http_stream", body: connect } },
  { path: "/connection/sse", methods: ["GET", "POST"], preflight: false, opens: { path: "/connection/sse", body: connect } },
  { path: "/connection/uni_http_stream", methods: ["POST"], preflight: true, opens: { path: "/connection/uni_http_stream", body: "{}" } },
  { path: "/connection/uni_sse", methods: ["GET", "POST"], preflight: false, opens: { path: "/connection/uni_sse", body: "{}" } },
  { path: "/emulation", methods: ["POST"], preflight: true, opens: { path: "/emulation", body: '{"node":"none"}' } },
];

for (const [number, { path, methods, preflight, opens }] of doors.entries()) {
  const id = (n: number): string => `${number * 20 + n}`;
  rule(`[TR61.${id(1)}] ${path}: other methods than ${methods.join(", ")} are 405 without a body`, async (side) => {
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH"].filter((name) => !methods.includes(name))) {
      if (method === "HEAD") continue; // Bun names the length of a body that it does not send
      assert.equal((await ask(side, { method, path })).status, 405, method);
    }
  });

  rule(`[TR61.${id(2)}] ${path}: OPTIONS ${preflight ? "is 204 for 300 s" : "is 405"}, whatever the origin`, async (side) => {
    for (const headers of [
      {},
      { Origin: allowed, "Access-Control-Request-Headers": "content-type, x-a", "Access-Control-Request-Method": "POST" },
      { Origin: foreign },
    ]) {
      const answer = await ask(side, { method: "OPTIONS", path, headers });
      assert.equal(answer.status, preflight ? 204 : 405);
      assert.equal(answer.headers.get("access-control-max-age"), preflight ? "300" : undefined);
      assert.equal(answer.headers.get("access-control-allow-methods"), preflight ? "POST, OPTIONS" : undefined);
    }
  });

  rule(`[TR60.${id(1)}] ${path}: an allowed page may read the answer, a foreign one gets it all the same`, async (side) => {
    for (const [origin, named] of [
      [allowed, allowed],
      ["HTTP://LOCALHOST:3000", "HTTP://LOCALHOST:3000"],
      [foreign, undefined],
      ["null", undefined],
      ["", ""],
    ] as const) {
      const answer = await ask(side, { ...opens, headers: { Origin: origin } });
      assert.equal(answer.headers.get("access-control-allow-origin"), named, origin);
      assert.equal(answer.headers.get("access-control-allow-credentials"), named === undefined ? undefined : "true");
      assert.ok([200, 404].includes(answer.status));
    }
  });

  rule(`[TR60.${id(2)}] ${path}: the headers that a page asks for are allowed, unless they are "null"`, async (side) => {
    for (const [wanted, answered] of [
      ["x-a", "x-a"],
      ["X-A, content-type,x-b", "X-A, content-type,x-b"],
      ["null", undefined],
      ["", undefined],
    ] as const) {
      const answer = await ask(side, { ...opens, headers: { Origin: allowed, "Access-Control-Request-Headers": wanted } });
      assert.equal(answer.headers.get("access-control-allow-headers"), answered, wanted);
    }
  });

  rule(`[TR60.${id(3)}] ${path}: a body above 65536 bytes is 413, as many are not`, async (side) => {
    const body = String(opens.body);
    const right = await ask(side, { ...opens, body: body.padEnd(65_536, " ") });
    assert.notEqual(right.status, 413);
    const wrong = await ask(side, { ...opens, body: body.padEnd(65_537, " "), headers: { Origin: allowed } });
    assert.equal(wrong.status, 413);
    assert.equal(wrong.headers.get("access-control-allow-origin"), allowed);
  });

  rule(`[TR60.${id(4)}] ${path}: the same for a body whose length is not said`, async (side) => {
    for (const [length, tooLarge] of [
      [65_536, false],
      [65_537, true],
      [200_000, true],
    ] as const) {
      const answer = await ask(side, { path, headers: { "Transfer-Encoding": "chunked" }, chunks: String(opens.body).padEnd(length, " ") });
      assert.equal(answer.status === 413, tooLarge, `${length} bytes: ${answer.status}`);
    }
  });
}

rule("[TR41.20] /emulation: no request at all is 400, one without a node 404", async (side) => {
  for (const [body, status] of [
    ["", 400],
    ["{", 400],
    ["[]", 400],
    ['"x"', 400],
    ["5", 400],
    ['{"node":1}', 400],
    ['{"session":{}}', 400],
    ["null", 404],
    ["{}", 404],
    ['{"node":null}', 404],
    ['{"NODE":"x"} behind', 404],
  ] as const) {
    assert.equal((await ask(side, { path: "/emulation", body })).status, status, body);
  }
});

rule("[TR41.21] /emulation in Protobuf: the same", async (side) => {
  for (const [body, status] of [
    [Buffer.from([]), 404],
    [Buffer.from([0x0a, 0x01, 0x78]), 404],
    [Buffer.from([0x0a, 0x05, 0x78]), 400],
    [Buffer.from([0x08, 0x01]), 400],
    [Buffer.from("{}"), 400],
    [Buffer.from([0x7a, 0x01, 0x00]), 404],
  ] as const) {
    const answer = await ask(side, { path: "/emulation", body, headers: { "Content-Type": "application/octet-stream" } });
    assert.equal(answer.status, status, body.toString("hex"));
  }
});

rule("[TR62.1] /connection/init answers GET and nothing else, with the headers of an allowed page", async (side) => {
  for (const headers of [{}, { Origin: allowed }, { Origin: foreign }]) {
    const answer = await ask(side, { method: "GET", path: "/connection/init", headers });
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "application/json; charset=utf-8"]);
  }
  for (const method of ["POST", "OPTIONS", "PUT"])
    assert.equal((await ask(side, { method, path: "/connection/init", headers: { Origin: allowed } })).status, 405);
});

rule("[TR62.2] a slash behind an address, and what is not there: 404", async (side) => {
  for (const path of [
    "/connection/http_stream/",
    "/connection/sse/",
    "/emulation/",
    "/connection/init/",
    "/connection/none",
    "/connection",
  ]) {
    const answer = await side.http({ path, body: connect });
    assert.equal(answer.status, 404, path);
  }
});

export default group;
