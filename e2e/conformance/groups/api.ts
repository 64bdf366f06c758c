import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import type { RawAnswer } from "../harness/raw-http.ts";
import { type Body, conformance } from "../harness/rule.ts";
import { API_KEY, type Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "api",
  title: "The server API",
  about: "Keys, both forms of requests, what is read and refused, and what the methods answer.",
  config: standard,
});

const http = { formats: ["http"] } as const;
const badRequest = '{"error":{"code":107,"message":"bad request"}}';
const unknownChannel = '{"error":{"code":102,"message":"unknown channel"}}';
const notAvailable = '{"error":{"code":108,"message":"not available"}}';
const notFound = '{"error":{"code":104,"message":"not found"}}';
const internal = '{"error":{"code":100,"message":"internal server error"}}';
const malformed = "Bad Request\n";

/** What came back, to the byte or by a pattern. */
export const says = (answer: RawAnswer, status: number, body: string | RegExp): void => {
  assert.equal(answer.status, status, answer.body);
  if (typeof body === "string") assert.equal(answer.body, body);
  else assert.match(answer.body, body);
};

/** A request with these headers and a body that is right. */
function key(id: string, what: string, status: number, headers: Readonly<Record<string, string>>, path = "/api/publish"): void {
  const asked = path.replaceAll("KEY", API_KEY);
  rule(`[${id}] ${what}: ${status}`, http, async (side) => {
    const answer = await side.http({ path: asked, headers, body: JSON.stringify({ channel: side.channel("open:a"), data: 1 }) });
    says(answer, status, status === 200 ? '{"result":{}}' : "");
  });
}

key("H1.1", "no key", 401, {});
key("H1.2", "a wrong key", 401, { "X-API-Key": "wrong" });
key("H1.3", "an empty key", 401, { "X-API-Key": "" });
key("H1.4", "the beginning of the key", 401, { "X-API-Key": API_KEY.slice(0, -1) });
key("H1.5", "the key and one byte more", 401, { "X-API-Key": `${API_KEY}x` });
key("H1.6", "the key in X-API-Key", 200, { "X-API-Key": API_KEY });
key("H1.7", "the key behind `apikey`", 200, { Authorization: `apikey ${API_KEY}` });
key("H1.8", "the scheme in any case", 200, { Authorization: `ApiKey ${API_KEY}` });
key("H1.9", "`Bearer`", 401, { Authorization: `Bearer ${API_KEY}` });
key("H1.10", "the key alone in Authorization", 401, { Authorization: API_KEY });
key("H1.11", "three words in Authorization", 401, { Authorization: `apikey ${API_KEY} more` });
key("H1.12", "the key as a query parameter", 200, {}, "/api/publish?api_key=KEY");
key("H1.13", "the query parameter after a wrong header", 200, { "X-API-Key": "wrong" }, "/api/publish?api_key=KEY");
key("H1.14", "a wrong X-API-Key hides a right Authorization", 401, { "X-API-Key": "wrong", Authorization: `apikey ${API_KEY}` });
key("H1.15", "an empty X-API-Key does not", 200, { "X-API-Key": "", Authorization: `apikey ${API_KEY}` });
key("H1.16", "a wrong query parameter", 401, {}, "/api/publish?api_key=wrong");

rule(
  "[H2.1] the header of the document, `Authorization: Token <key>`: 200",
  { ...http, differs: { deviation: "`Authorization: Token <key>` on `/api`", real: async (side) => says(await withToken(side), 401, "") } },
  async (side) => says(await withToken(side), 200, '{"result":{}}'),
);

function withToken(side: Side): Promise<RawAnswer> {
  const body = JSON.stringify({ channel: side.channel("open:a"), data: 1 });
  return side.http({ path: "/api/publish", headers: { Authorization: `Token ${API_KEY}` }, body });
}

for (const [index, method] of ["GET", "PUT", "DELETE", "OPTIONS"].entries()) {
  rule(`[H3.${index + 1}] ${method} on the API: 405, with a key or without`, http, async (side) => {
    assert.equal((await side.http({ method, path: "/api/publish", headers: { "X-API-Key": API_KEY } })).status, 405);
    assert.equal((await side.http({ method, path: "/api" })).status, 405);
  });
}

/** A request with the key; `@` in body and answer becomes the run's tag. */
function call(
  id: string,
  what: string,
  path: string,
  body: string | Uint8Array,
  status: number,
  answer: string | RegExp,
  first?: Body,
): void {
  rule(`[${id}] ${what}`, http, async (side) => {
    await first?.(side);
    const asked = typeof body === "string" ? body.replaceAll("@", side.tag) : body;
    says(await side.apiAnswer(path, asked), status, typeof answer === "string" ? answer.replaceAll("@", side.tag) : answer);
  });
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const nested = (depth: number): string => `{"channel":"open:@","data":${"[".repeat(depth)}${"]".repeat(depth)}}`;

for (const [index, body] of [
  "",
  "[]",
  "{",
  '{"channel":1,"data":1}',
  "{} x",
  '{"channel":"open:@","data":01}',
  '{"channel":"open:@","data":1,}',
  '{"channel":"open:@","data":nan}',
  '{"channel":"open:@","data":"\n"}',
  '{"channel":"open:@","data":1,"skip_history":"x"}',
  '{"channel":"open:@","data":1,"tags":{"a":1}}',
  '{"channel":"open:@","data":1,"version":1.0}',
  '{"channel":"open:@","data":1,"version":-1}',
  '{"channel":"open:@","data":1,"x":nan}',
].entries()) {
  call(`H4.${index + 1}`, `${JSON.stringify(body.replaceAll("@", "a"))} cannot be read: 400`, "publish", body, 400, malformed);
}
call("H4.15", "a byte order mark: 400", "publish", bytes('\xef\xbb\xbf{"channel":"open:a","data":1}'), 400, malformed);
call("H4.16", "UTF-16: 400", "publish", Buffer.from('{"channel":"open:a","data":1}', "utf16le"), 400, malformed);
call("H4.17", "10,000 levels are read", "publish", nested(9_999), 200, '{"result":{}}');
call("H4.18", "one more is not: 400", "publish", nested(10_000), 400, malformed);
call("H4.19", "null reads as {}", "publish", "null", 200, badRequest);
call(
  "H4.20",
  "of a name that is there twice the last one counts",
  "publish",
  '{"channel":"open:@","data":1,"channel":"nowhere:a"}',
  200,
  unknownChannel,
);
call("H4.21", "names are read without regard to case", "publish", '{"CHANNEL":"open:@","Data":1}', 200, '{"result":{}}');
call(
  "H4.22",
  "`__proto__` is a name like others",
  "publish",
  '{"channel":"open:@","data":1,"__proto__":{"channel":"nowhere:a"}}',
  200,
  '{"result":{}}',
);
call("H4.23", "null is an absent field", "publish", '{"channel":"open:@","data":1,"tags":null,"version":null}', 200, '{"result":{}}');
call("H4.24", "white space around the object passes", "publish", ' {"channel":"open:@","data":1} \n', 200, '{"result":{}}');

rule("[H4.25] the content type is not looked at", http, async (side) => {
  const body = JSON.stringify({ channel: side.channel("open:a"), data: 1 });
  says(await side.apiAnswer("publish", body, { "Content-Type": "text/plain" }), 200, '{"result":{}}');
});

rule("[H4.26] a chunked body is read", http, async (side) => {
  const body = JSON.stringify({ channel: side.channel("open:a"), data: 1 });
  const head = `POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  says(await side.httpBytes(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`), 200, '{"result":{}}');
});

const publishOpen = '{"channel":"open:@","data":1}';
call("H5.1", "a command without a method publishes", "/api", `{"params":${publishOpen}}`, 200, '{"result":{}}');
call("H5.2", "its id comes back", "/api", `{"id":7,"method":"publish","params":${publishOpen}}`, 200, '{"id":7,"result":{}}');
call("H5.3", "methods are read without regard to case", "/api", `{"method":"PUBLISH","params":${publishOpen}}`, 200, '{"result":{}}');
call("H5.4", "an unknown method: the whole request is 400", "/api", `{"method":"shout","params":${publishOpen}}`, 400, malformed);
call("H5.5", "an unknown number: error 104", "/api", '{"method":99,"params":{}}', 200, /"code":104/);
call("H5.6", "no params: error 107", "/api", '{"method":"publish"}', 200, /"code":107/);
call("H5.7", "batch is no command: 400", "/api", '{"method":"batch","params":{}}', 400, malformed);
call(
  "H5.8",
  "several commands, several replies, in order",
  "/api",
  `{"id":1,"params":${publishOpen}}{"id":2,"method":"rpc","params":{"method":"x"}}\n{"id":3,"params":${publishOpen}}`,
  200,
  '{"id":1,"result":{}}\n{"id":2,"error":{"code":104,"message":"not found"}}\n{"id":3,"result":{}}',
);
call("H5.9", "only spaces: an empty answer", "/api", "  ", 200, "");
call("H5.10", "an empty body: 400", "/api", "", 400, malformed);
call("H5.11", "a null method: 400", "/api", `{"method":null,"params":${publishOpen}}`, 400, malformed);

rule("[H5.12] of a good command and a broken one the good one is done, and the answer is 400", http, async (side) => {
  const channel = side.channel("hist:a");
  says(await side.apiAnswer("/api", `{"params":{"channel":"${channel}","data":1}}{"params":`), 400, malformed);
  assert.equal((await side.api("history", { channel }))["offset"], 1);
});

for (const [number, name] of ["publish", "unsubscribe", "disconnect", "presence", "history", "channels", "info"].entries()) {
  rule(
    `[H5.${20 + number}] the number ${number} as a method (${name} is one of them)`,
    { ...http, compare: { off: "info names its node" } },
    async (side) => {
      const answer = await side.apiAnswer("/api", `{"method":${number},"params":{}}`);
      assert.equal(answer.status, 200, answer.body);
    },
  );
}

call("H6.1", "no channel: error 107", "publish", '{"data":1}', 200, badRequest);
call("H6.2", "an empty channel: error 107", "publish", '{"channel":"","data":1}', 200, badRequest);
call("H6.3", "no data: error 107", "publish", '{"channel":"open:@"}', 200, badRequest);
call("H6.4", "bad base64: error 107", "publish", '{"channel":"open:@","b64data":"%%"}', 200, badRequest);
call("H6.5", "base64 without its padding: error 107", "publish", '{"channel":"open:@","b64data":"eyJ9Cg"}', 200, badRequest);
call("H6.6", "no data where any bytes are allowed", "publish", '{"channel":"bin:@"}', 200, /^\{"result":\{"offset":1,"epoch":"\w+"\}\}$/);
call("H6.7", "data that is no object where one is asked: error 107", "publish", '{"channel":"obj:@","data":1}', 200, badRequest);
call("H6.8", "null is data", "publish", '{"channel":"open:@","data":null}', 200, '{"result":{}}');
call("H6.9", "no channel of the others: error 107", "presence", "{}", 200, badRequest);
call("H6.10", "history of no channel: error 107", "history", "{}", 200, badRequest);
call("H6.11", "base64 wins over data", "publish", '{"channel":"obj:@","data":1,"b64data":"e30="}', 200, '{"result":{}}');
call("H6.12", "a key in the query and an error mode header", "publish", '{"data":1}', 200, badRequest);

rule("[H6.13] the error mode of one request: the status, and the bare error", http, async (side) => {
  const mode = { "X-Centrifugo-Error-Mode": "transport" };
  says(await side.apiAnswer("publish", { data: 1 }, mode), 400, '{"code":107,"message":"bad request"}');
  says(
    await side.apiAnswer("publish", { channel: side.channel("nowhere:a"), data: 1 }, mode),
    404,
    '{"code":102,"message":"unknown channel"}',
  );
  says(await side.apiAnswer("publish", { data: 1 }, { "X-Centrifugo-Error-Mode": "Transport" }), 200, badRequest);
});

call("H7.1", "publish into an unknown namespace: error 102", "publish", '{"channel":"nowhere:@","data":1}', 200, unknownChannel);
call("H7.2", "presence of one", "presence", '{"channel":"nowhere:@"}', 200, unknownChannel);
call("H7.3", "history of one", "history", '{"channel":"nowhere:@"}', 200, unknownChannel);
call("H7.4", "history_remove of one", "history_remove", '{"channel":"nowhere:@"}', 200, unknownChannel);
call("H7.5", "unsubscribe from one", "unsubscribe", '{"user":"a","channel":"nowhere:@"}', 200, unknownChannel);
call("H7.6", "presence where none is kept: error 108", "presence", '{"channel":"bare:@"}', 200, notAvailable);
call("H7.7", "presence_stats, too", "presence_stats", '{"channel":"bare:@"}', 200, notAvailable);
call("H7.8", "history where none is kept: error 108", "history", '{"channel":"bare:@"}', 200, notAvailable);
call("H7.9", "history_remove, too", "history_remove", '{"channel":"bare:@"}', 200, notAvailable);
call("H7.10", "rpc of anything: error 104", "rpc", '{"method":"x"}', 200, notFound);
call("H7.11", "rpc of nothing: error 107", "rpc", "{}", 200, badRequest);
call(
  "H7.12",
  "history with another epoch: error 112",
  "history",
  '{"channel":"hist:@","limit":1,"since":{"offset":1,"epoch":"x"}}',
  200,
  '{"error":{"code":112,"message":"unrecoverable position"}}',
);
call(
  "H7.13",
  "history reversed from offset 0: error 100",
  "history",
  '{"channel":"hist:@","limit":1,"reverse":true,"since":{"offset":0}}',
  200,
  internal,
);
call("H7.14", "channels with a broken pattern: error 100", "channels", '{"pattern":"{a"}', 200, internal);

rule("[H7.15] an unknown path: 404, with a key or without", http, async (side) => {
  assert.equal((await side.apiAnswer("shout", {})).status, 404);
  assert.equal((await side.http({ path: "/api/shout", body: "{}" })).status, 404);
});

call("H8.1", "broadcast to no channel: error 107", "broadcast", '{"channels":[],"data":1}', 200, badRequest);
call(
  "H8.2",
  "broadcast without data: error 107 for each channel",
  "broadcast",
  '{"channels":["open:@"]}',
  200,
  '{"result":{"responses":[{"error":{"code":107,"message":"bad request"}}]}}',
);
call(
  "H8.3",
  "one bad channel among good ones",
  "broadcast",
  '{"channels":["open:@","nowhere:a","","open:b@"],"data":1}',
  200,
  '{"result":{"responses":[{"result":{}},{"error":{"code":102,"message":"unknown channel"}},{"error":{"code":107,"message":"bad request"}},{"result":{}}]}}',
);
call(
  "H8.4",
  "positions, channel by channel",
  "broadcast",
  '{"channels":["hist:a@","open:@","hist:b@"],"data":1}',
  200,
  /^\{"result":\{"responses":\[\{"result":\{"offset":1,"epoch":"\w+"\}\},\{"result":\{\}\},\{"result":\{"offset":1,"epoch":"\w+"\}\}\]\}\}$/,
);
call(
  "H8.5",
  "batch answers command by command",
  "batch",
  '{"commands":[{"publish":{"channel":"open:@","data":1}},{"publish":{"channel":"nowhere:a","data":1}},{"presence_stats":{"channel":"open:@"}}]}',
  200,
  '{"replies":[{"publish":{}},{"error":{"code":102,"message":"unknown channel"}},{"presence_stats":{"num_clients":0,"num_users":0}}]}',
);
call(
  "H8.6",
  "a null command: error 107 in its place",
  "batch",
  '{"commands":[null,{"publish":{"channel":"open:@","data":1}}]}',
  200,
  /^\{"replies":\[\{"error":\{"code":107,"message":"bad request"\}\},\{"publish":\{\}\}\]\}$/,
);
call(
  "H8.7",
  "an unknown command: error 104 in its place",
  "batch",
  '{"commands":[{"shout":{}},{"batch":{"commands":[]}}]}',
  200,
  /^\{"replies":\[\{"error":\{"code":104,"message":"not found"\}\},\{"error":\{"code":104,"message":"not found"\}\}\]\}$/,
);
call("H8.8", "a batch of nothing", "batch", "{}", 200, /^\{.*\}$/);

rule("[H8.9] broadcast to a thousand channels", http, async (side) => {
  const channels = Array.from({ length: 1_000 }, (_, i) => side.channel(`open:${i}`));
  const { responses } = await side.api("broadcast", { channels, data: 1 });
  assert.equal(responses.length, 1_000);
});

rule("[H8.10] a parallel batch keeps the order of its replies", http, async (side) => {
  const commands = Array.from({ length: 50 }, (_, i) => ({ publish: { channel: side.channel(`hist:${i}`), data: i } }));
  const answer = JSON.parse((await side.apiAnswer("batch", { commands, parallel: true })).body) as Wire;
  assert.deepEqual(
    answer["replies"].map((reply: Wire) => reply["publish"].offset),
    new Array(50).fill(1),
  );
});

rule("[H9.1] one idempotency_key twice: the first result, and one publication", http, async (side) => {
  const channel = side.channel("hist:a");
  const first = await side.publish(channel, 1, { idempotency_key: "k" });
  assert.deepEqual(await side.publish(channel, 2, { idempotency_key: "k" }), first);
  assert.deepEqual((await side.api("history", { channel, limit: 5 }))["publications"], [{ data: 1, offset: 1 }]);
});

rule("[H9.2] it counts for its channel only", http, async (side) => {
  const [a, b] = [side.channel("hist:a"), side.channel("hist:b")];
  await side.publish(a, 1, { idempotency_key: "k" });
  assert.equal((await side.publish(b, 1, { idempotency_key: "k" }))["offset"], 1);
});

rule("[H9.3] also where no history is kept: the subscriber gets one", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1, { idempotency_key: "k" });
  await side.publish(channel, 2, { idempotency_key: "k" });
  assert.equal((await client.push("pub", channel))["data"], 1);
  await client.silent();
});

rule("[LOG14.1] a version at or below the stored one is skipped, and the top answered", http, async (side) => {
  const channel = side.channel("hist:a");
  const first = await side.publish(channel, 1, { version: 5 });
  assert.deepEqual(await side.publish(channel, 2, { version: 5 }), first);
  assert.deepEqual(await side.publish(channel, 3, { version: 4 }), first);
  assert.equal((await side.publish(channel, 4, { version: 6 }))["offset"], 2);
});

rule("[LOG14.2] another version_epoch begins anew", http, async (side) => {
  const channel = side.channel("hist:a");
  await side.publish(channel, 1, { version: 5, version_epoch: "a" });
  assert.equal((await side.publish(channel, 2, { version: 1, version_epoch: "b" }))["offset"], 2);
  assert.equal((await side.publish(channel, 3, { version: 1, version_epoch: "b" }))["offset"], 2);
  assert.equal((await side.publish(channel, 4, { version: 1 }))["offset"], 2);
});

rule("[LOG14.3] a publication without a version resets the stored one", http, async (side) => {
  const channel = side.channel("hist:a");
  await side.publish(channel, 1, { version: 5 });
  await side.publish(channel, 2);
  assert.equal((await side.publish(channel, 3, { version: 1 }))["offset"], 3);
});

rule("[LOG14.4] where no history is kept versions mean nothing", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1, { version: 5 });
  await side.publish(channel, 2, { version: 5 });
  assert.equal((await client.push("pub", channel))["data"], 1);
  assert.equal((await client.push("pub", channel))["data"], 2);
});

rule("[LOG14.5] a version shows in the push", async (side) => {
  const channel = side.channel("hist:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1, { version: 5, version_epoch: "x" });
  await client.push("pub", channel);
});

rule("[API1.1] a publication with history has a position, one that skips it has none", http, async (side) => {
  const channel = side.channel("hist:a");
  const { offset, epoch } = await side.publish(channel, 1);
  assert.equal(offset, 1);
  assert.deepEqual(await side.publish(channel, 2, { skip_history: true }), {});
  assert.deepEqual(await side.publish(channel, 3), { offset: 2, epoch });
});

rule("[API2.1] history: no limit is none, a negative one all, `since` and `reverse` as clients have them", http, async (side) => {
  const channel = side.channel("hist:a");
  let epoch = "";
  for (let i = 1; i <= 5; i++) epoch = (await side.publish(channel, i))["epoch"];
  const offsets = async (params: Wire): Promise<number[]> =>
    (await side.api("history", { channel, ...params }))["publications"].map(({ offset }: { offset: number }) => offset);
  assert.deepEqual(await offsets({}), []);
  assert.deepEqual(await offsets({ limit: -1 }), [1, 2, 3, 4, 5]);
  assert.deepEqual(await offsets({ limit: 2, since: { offset: 2, epoch } }), [3, 4]);
  assert.deepEqual(await offsets({ limit: 2, reverse: true }), [5, 4]);
  assert.deepEqual(await offsets({ limit: 9, reverse: true, since: { offset: 3, epoch } }), [2, 1]);
});

rule("[API2.2] results are compacted, HTML's own characters escaped, values untouched", http, async (side) => {
  const channel = side.channel("hist:a");
  await side.apiAnswer("publish", `{"channel":"${channel}","data":{"b" : 1.0,\n "a":"<&>\u2028", "n":9007199254740993, "b":2e999}}`);
  const answer = await side.apiAnswer("history", { channel, limit: 1 });
  assert.ok(answer.body.includes('{"b":1.0,"a":"\\u003c\\u0026\\u003e\\u2028","n":9007199254740993,"b":2e999}'), answer.body);
});

rule("[API2.3] a payload that is no JSON makes history 500", http, async (side) => {
  const channel = side.channel("bin:a");
  await side.api("publish", { channel, b64data: "/wAB" });
  assert.equal((await side.apiAnswer("history", { channel, limit: 1 })).status, 500);
});

rule("[API2.4] history shows who published", http, async (side) => {
  const channel = side.channel("hist:a");
  const client = await side.connect({ claims: { info: { n: 1 } } });
  await client.ok("publish", { channel, data: 1 });
  const { publications } = await side.api("history", { channel, limit: 1 });
  assert.deepEqual(publications[0].info, { user: side.user(), client: client.id, conn_info: { n: 1 } });
});

rule("[API3.10] channels lists what has subscribers, by a glob", http, async (side) => {
  const [a, b, c] = [side.channel("open:list-a"), side.channel("open:list-b"), side.channel("open:other")];
  const [first, second] = [await side.connect(), await side.connect()];
  await first.subscribe(a);
  await first.subscribe(b);
  await first.subscribe(c);
  await second.subscribe(a);
  const { channels } = await side.api("channels", { pattern: `open:list-?-${side.tag}` });
  assert.deepEqual(channels, { [a]: { num_clients: 2 }, [b]: { num_clients: 1 } });
  assert.deepEqual((await side.api("channels", { pattern: `{open,x}:o*-${side.tag}` }))["channels"], { [c]: { num_clients: 1 } });
  assert.deepEqual((await side.api("channels", { pattern: "none*" }))["channels"], {});
});

rule(
  "[API3.11] info tells each node's numbers",
  { ...http, alone: true, compare: { off: "metrics are the real one's own" } },
  async (side) => {
    const client = await side.connect();
    await client.subscribe(side.channel("open:a"));
    // The real one tells others, and itself, every three seconds.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    const { nodes } = await side.api("info");
    assert.equal(nodes.length, 1);
    const { uid, name, num_clients, num_users, num_channels, num_subs } = nodes[0];
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.equal(typeof name, "string");
    assert.deepEqual([num_clients, num_users, num_channels, num_subs], [1, 1, 1, 1]);
  },
);

rule("[H7.16] health answers 200 `{}`", http, async (side) => {
  const answer = await side.http({ method: "GET", path: "/health" });
  assert.deepEqual([answer.status, answer.body, answer.headers.get("content-type")], [200, "{}", "application/json"]);
});

export default group;
