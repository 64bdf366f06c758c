import assert from "node:assert/strict";
import { after, test } from "node:test";
import { withoutCentrifugo } from "../../push/centrifugo/testing-centrifugo.ts";
import { type ApiSide, apiKey, centrifugoSide, embeddedSide, realSide } from "./testing-sides.ts";

/**
 * The server API by its tables (reliability H1-H9, centrifugo-v6 section 8), asked of three servers: ours over our engine,
 * ours over a real Centrifugo, and the real Centrifugo's own API, which says whether the table is right.
 */
type SideName = ApiSide["name"];

interface Case {
  readonly name: string;
  readonly path: string;
  /** `@` in it becomes a suffix of its own for each test, so that channels are fresh. */
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** The body to the letter, every epoch read as `E`; a pattern where numbers vary. */
  readonly answer: string | RegExp;
  /** Sides where it holds; the others differ on purpose. */
  readonly on?: readonly SideName[];
  /** Requests before it, of the same path where none is given. */
  readonly first?: readonly (string | readonly [path: string, body: string])[];
}

const badRequest = '{"error":{"code":107,"message":"bad request"}}';
const unknownChannel = '{"error":{"code":102,"message":"unknown channel"}}';
const notAvailable = '{"error":{"code":108,"message":"not available"}}';
const notFound = '{"error":{"code":104,"message":"not found"}}';
const internal = '{"error":{"code":100,"message":"internal server error"}}';
const malformed = "Bad Request\n";
const ours: readonly SideName[] = ["embedded", "centrifugo"];
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const nested = (depth: number) => `{"channel":"mem:@","data":${"[".repeat(depth)}${"]".repeat(depth)}}`;
const transport = { "x-centrifugo-error-mode": "transport" };

const publishes: readonly Case[] = [
  {
    name: "[L7] a journaled publish answers its position",
    body: '{"channel":"telemetry:@","data":{"v":1}}',
    status: 200,
    answer: '{"result":{"offset":1,"epoch":"E"}}',
  },
  {
    name: "an in-memory publish without history has none",
    body: '{"channel":"mem:@","data":{"v":1}}',
    status: 200,
    answer: '{"result":{}}',
  },
  { name: "a channel without a namespace is public", body: '{"channel":"public","data":1}', status: 200, answer: '{"result":{}}' },
  { name: "null is a payload", body: '{"channel":"mem:@","data":null}', status: 200, answer: '{"result":{}}' },
  {
    name: "skip_history gives no position",
    body: '{"channel":"telemetry:@","data":1,"skip_history":true}',
    status: 200,
    answer: '{"result":{}}',
  },
  { name: "names compare without case", body: '{"CHANNEL":"mem:@","Data":1}', status: 200, answer: '{"result":{}}' },
  { name: "[H6] no channel", body: '{"data":1}', status: 200, answer: badRequest },
  { name: "[H6] null as channel", body: '{"channel":null,"data":1}', status: 200, answer: badRequest },
  { name: "[H6] no data", body: '{"channel":"telemetry:@"}', status: 200, answer: badRequest },
  { name: "[H6] empty base64", body: '{"channel":"telemetry:@","b64data":""}', status: 200, answer: badRequest },
  { name: "[H6] bad base64", body: '{"channel":"mem:@","b64data":"%%"}', status: 200, answer: badRequest },
  { name: "[H6] base64 without padding", body: '{"channel":"mem:@","b64data":"eyJ9Cg"}', status: 200, answer: badRequest },
  { name: "[H6] base64 of the web alphabet", body: '{"channel":"mem:@","b64data":"e-_9"}', status: 200, answer: badRequest },
  { name: "[H6] line ends inside base64 pass", body: '{"channel":"mem:@","b64data":"eyJ\\n9"}', status: 200, answer: '{"result":{}}' },
  { name: "[H6] no data where binary is allowed", body: '{"channel":"bin:@"}', status: 200, answer: '{"result":{"offset":1,"epoch":"E"}}' },
  { name: "data that is no object where one is asked", body: '{"channel":"jo:@","data":1}', status: 200, answer: badRequest },
  { name: "an object where one is asked", body: '{"channel":"jo:@","data":{}}', status: 200, answer: '{"result":{}}' },
  { name: "[H7] unknown namespace", body: '{"channel":"nope:@","data":1}', status: 200, answer: unknownChannel },
  {
    name: "[H4] a repeated name: the last one wins",
    body: '{"channel":"mem:@","data":1,"channel":"nope:x"}',
    status: 200,
    answer: unknownChannel,
  },
  {
    name: "[H4] __proto__ is a name like any other",
    body: '{"channel":"mem:@","data":1,"__proto__":{"channel":"nope:x"}}',
    status: 200,
    answer: '{"result":{}}',
  },
  { name: "[H4] null reads as {}", body: "null", status: 200, answer: badRequest },
  { name: "[H4] white space around the object passes", body: ' {"channel":"mem:@","data":1} \n', status: 200, answer: '{"result":{}}' },
  ...[
    "",
    "[]",
    "{",
    '{"channel":1,"data":1}',
    "{} x",
    '{"channel":"mem:@","data":01}',
    '{"channel":"mem:@","data":1,}',
    '{"channel":"mem:@","data":nan}',
    '{"channel":"mem:@","data":"\n"}',
    '{"channel":"mem:@","data":"\\x"}',
    '{"channel":"mem:@","data":1,"skip_history":"x"}',
    '{"channel":"mem:@","data":1,"tags":{"a":1}}',
    '{"channel":"mem:@","data":1,"version":1.0}',
    '{"channel":"mem:@","data":1,"version":-1}',
    '{"channel":"mem:@","data":1,"version":"1"}',
    '{"channel":"mem:@","data":1,"x":nan}',
  ].map((body): Omit<Case, "path"> => ({ name: `[H4] ${JSON.stringify(body)} is malformed`, body, status: 400, answer: malformed })),
  {
    name: "[D29] a version above 2^53-1 is refused rather than rounded",
    body: '{"channel":"mem:@","data":1,"version":9007199254740993}',
    status: 400,
    answer: malformed,
    on: ours,
  },
  { name: "[H4] a byte order mark", body: bytes('\xef\xbb\xbf{"channel":"mem:@","data":1}'), status: 400, answer: malformed },
  { name: "[H4] UTF-16", body: new Uint8Array(Buffer.from('{"channel":"mem:@","data":1}', "utf16le")), status: 400, answer: malformed },
  {
    name: "[H4] bytes that are no UTF-8 in data pass",
    body: bytes('{"channel":"mem:@","data":"\xff"}'),
    status: 200,
    answer: '{"result":{}}',
  },
  { name: "[H4] 10,000 levels are read", body: nested(9_999), status: 200, answer: '{"result":{}}' },
  { name: "[H4] one more is malformed", body: nested(10_000), status: 400, answer: malformed },
  {
    name: "[H6] error mode transport: 400",
    body: '{"data":1}',
    headers: transport,
    status: 400,
    answer: '{"code":107,"message":"bad request"}',
  },
  {
    name: "[H7] error mode transport: 404",
    body: '{"channel":"nope:@","data":1}',
    headers: transport,
    status: 404,
    answer: '{"code":102,"message":"unknown channel"}',
  },
  {
    name: "error mode is spelled exactly",
    body: '{"data":1}',
    headers: { "x-centrifugo-error-mode": "Transport" },
    status: 200,
    answer: badRequest,
  },
  {
    name: "[H9] a repeated idempotency key answers the first result",
    first: ['{"channel":"telemetry:@","data":1,"idempotency_key":"k"}', '{"channel":"telemetry:@","data":2}'],
    body: '{"channel":"telemetry:@","data":3,"idempotency_key":"k"}',
    status: 200,
    answer: '{"result":{"offset":1,"epoch":"E"}}',
  },
  {
    name: "an old version is answered with the top",
    first: ['{"channel":"telemetry:@","data":1,"version":7,"version_epoch":"v"}'],
    body: '{"channel":"telemetry:@","data":2,"version":7,"version_epoch":"v"}',
    status: 200,
    answer: '{"result":{"offset":1,"epoch":"E"}}',
  },
].map((row) => ({ path: "/api/publish", ...row }));

const telemetry = (data: string): readonly [string, string] => ["/api/publish", `{"channel":"telemetry:@","data":${data}}`];

const reads: readonly Case[] = [
  {
    name: "[P5] history shows what was published, compacted and escaped",
    path: "/api/history",
    first: [telemetry('{"b" : 1.0,\n "a":"<&>", "n":9007199254740993, "b":2e999}')],
    body: '{"channel":"telemetry:@","limit":5}',
    status: 200,
    answer:
      '{"result":{"publications":[{"data":{"b":1.0,"a":"\\u003c\\u0026\\u003e","n":9007199254740993,"b":2e999},"offset":1}],"epoch":"E","offset":1}}',
  },
  {
    name: "history shows tags",
    path: "/api/history",
    first: [["/api/publish", '{"channel":"telemetry:@","data":1,"tags":{"a<":"b"}}']],
    body: '{"channel":"telemetry:@","limit":5}',
    status: 200,
    answer: '{"result":{"publications":[{"data":1,"offset":1,"tags":{"a\\u003c":"b"}}],"epoch":"E","offset":1}}',
  },
  {
    name: "history newest first",
    path: "/api/history",
    first: [telemetry("1"), telemetry("2")],
    body: '{"channel":"telemetry:@","limit":1,"reverse":true}',
    status: 200,
    answer: '{"result":{"publications":[{"data":2,"offset":2}],"epoch":"E","offset":2}}',
  },
  {
    name: "history from the beginning, whatever the epoch",
    path: "/api/history",
    first: [telemetry("1"), telemetry("2")],
    body: '{"channel":"telemetry:@","limit":5,"since":{"offset":1,"epoch":""}}',
    status: 200,
    answer: '{"result":{"publications":[{"data":2,"offset":2}],"epoch":"E","offset":2}}',
  },
  {
    name: "history with a negative limit is all of it",
    path: "/api/history",
    first: [telemetry("1"), telemetry("2")],
    body: '{"channel":"telemetry:@","limit":-1}',
    status: 200,
    answer: '{"result":{"publications":[{"data":1,"offset":1},{"data":2,"offset":2}],"epoch":"E","offset":2}}',
  },
  {
    name: "history with limit 0 is the position",
    path: "/api/history",
    first: [telemetry("1")],
    body: '{"channel":"telemetry:@","limit":0}',
    status: 200,
    answer: '{"result":{"publications":[],"epoch":"E","offset":1}}',
  },
  {
    name: "history without a limit is the last ten on telemetry",
    path: "/api/history",
    first: Array.from({ length: 12 }, (_, n) => telemetry(String(n))),
    body: '{"channel":"telemetry:@"}',
    status: 200,
    answer: `{"result":{"publications":[${Array.from({ length: 10 }, (_, n) => `{"data":${n + 2},"offset":${n + 3}}`).join(",")}],"epoch":"E","offset":12}}`,
    on: ours,
  },
  {
    name: "[H7] history of another epoch",
    path: "/api/history",
    first: [telemetry("1")],
    body: '{"channel":"telemetry:@","limit":1,"since":{"offset":1,"epoch":"zz"}}',
    status: 200,
    answer: '{"error":{"code":112,"message":"unrecoverable position"}}',
  },
  {
    name: "[H7] history of another epoch, transport mode",
    path: "/api/history",
    first: [telemetry("1")],
    headers: transport,
    body: '{"channel":"telemetry:@","limit":1,"since":{"offset":1,"epoch":"zz"}}',
    status: 416,
    answer: '{"code":112,"message":"unrecoverable position"}',
  },
  {
    name: "[H7] history newest first from nowhere",
    path: "/api/history",
    body: '{"channel":"telemetry:@","limit":1,"reverse":true,"since":{"offset":0}}',
    status: 200,
    answer: internal,
  },
  { name: "[H7] history where there is none", path: "/api/history", body: '{"channel":"mem:@"}', status: 200, answer: notAvailable },
  {
    name: "[H4] a limit that is no whole number",
    path: "/api/history",
    body: '{"channel":"telemetry:@","limit":1.5}',
    status: 400,
    answer: malformed,
  },
  {
    name: "[H4] a limit beyond 32 bits",
    path: "/api/history",
    body: '{"channel":"telemetry:@","limit":99999999999}',
    status: 400,
    answer: malformed,
  },
  {
    name: "a payload that is no JSON makes history 500",
    path: "/api/history",
    first: [["/api/publish", '{"channel":"bin:@","b64data":"/w=="}']],
    body: '{"channel":"bin:@","limit":5}',
    status: 500,
    answer: "Internal Server Error\n",
    on: ["embedded", "real"],
  },
  {
    name: "history_remove forgets publications, not the position",
    path: "/api/history",
    first: [telemetry("1"), ["/api/history_remove", '{"channel":"telemetry:@"}']],
    body: '{"channel":"telemetry:@","limit":5}',
    status: 200,
    answer: '{"result":{"publications":[],"epoch":"E","offset":1}}',
  },
  {
    name: "history_remove answers an empty result",
    path: "/api/history_remove",
    first: [telemetry("1")],
    body: '{"channel":"telemetry:@"}',
    status: 200,
    answer: '{"result":{}}',
  },
  {
    name: "[H7] history_remove where there is none",
    path: "/api/history_remove",
    body: '{"channel":"mem:@"}',
    status: 200,
    answer: notAvailable,
  },
  {
    name: "presence of nobody",
    path: "/api/presence",
    body: '{"channel":"telemetry:@"}',
    status: 200,
    answer: '{"result":{"presence":{}}}',
  },
  { name: "[H7] presence where it is off", path: "/api/presence", body: '{"channel":"mem:@"}', status: 200, answer: notAvailable },
  {
    name: "presence_stats of nobody",
    path: "/api/presence_stats",
    body: '{"channel":"telemetry:@"}',
    status: 200,
    answer: '{"result":{"num_clients":0,"num_users":0}}',
  },
  {
    name: "[H7] presence_stats where it is off",
    path: "/api/presence_stats",
    body: '{"channel":"mem:@"}',
    status: 200,
    answer: notAvailable,
  },
  ...["presence", "presence_stats", "history", "history_remove"].flatMap((method): Case[] => [
    { name: `[H6] ${method} without a channel`, path: `/api/${method}`, body: "{}", status: 200, answer: badRequest },
    {
      name: `[H7] ${method} of an unknown namespace`,
      path: `/api/${method}`,
      body: '{"channel":"nope:@"}',
      status: 200,
      answer: unknownChannel,
    },
  ]),
  {
    name: "channels with subscribers: none",
    path: "/api/channels",
    body: '{"pattern":"telemetry:*"}',
    status: 200,
    answer: '{"result":{"channels":{}}}',
  },
  { name: "[H7] a malformed pattern", path: "/api/channels", body: '{"pattern":"{"}', status: 200, answer: internal },
  {
    name: "info names one node",
    path: "/api/info",
    body: "{}",
    status: 200,
    answer:
      /^\{"result":\{"nodes":\[\{"uid":"[-0-9a-f]{36}","name":"[^"]+","version":"[^"]+","num_clients":0,"num_users":0,"num_channels":0.*"num_subs":0\}\]\}\}$/,
  },
  { name: "[H4] info without a body", path: "/api/info", body: "", status: 400, answer: malformed },
  {
    name: "unsubscribe of nobody",
    path: "/api/unsubscribe",
    body: '{"user":"u","channel":"telemetry:@"}',
    status: 200,
    answer: '{"result":{}}',
  },
  {
    name: "unsubscribe from no channel",
    path: "/api/unsubscribe",
    body: '{"user":"u","channel":""}',
    status: 200,
    answer: '{"result":{}}',
  },
  {
    name: "[H7] unsubscribe from an unknown namespace",
    path: "/api/unsubscribe",
    body: '{"user":"u","channel":"nope:@"}',
    status: 200,
    answer: unknownChannel,
  },
  {
    name: "subscribe of nobody",
    path: "/api/subscribe",
    body: '{"user":"u","channel":"telemetry:@","info":{},"data":1,"expire_at":9999999999,"recover_since":{"offset":1,"epoch":"x"},"override":{"presence":{"value":true},"join_leave":{}}}',
    status: 200,
    answer: '{"result":{}}',
  },
  { name: "[H6] subscribe to no channel", path: "/api/subscribe", body: '{"user":"u"}', status: 200, answer: badRequest },
  {
    name: "[H7] subscribe to an unknown namespace",
    path: "/api/subscribe",
    body: '{"user":"u","channel":"nope:@"}',
    status: 200,
    answer: unknownChannel,
  },
  ...["b64info", "b64data"].map((field) => ({
    name: `[H6] subscribe with a bad ${field}`,
    path: "/api/subscribe",
    body: `{"user":"u","channel":"mem:@","${field}":"%%"}`,
    status: 200,
    answer: badRequest,
  })),
  ...[
    '"user":1',
    '"expire_at":1.5',
    '"override":1',
    '"override":{"presence":true}',
    '"override":{"presence":{"value":1}}',
    '"recover_since":[]',
  ].map((field) => ({
    name: `[H4] subscribe with ${field} is malformed`,
    path: "/api/subscribe",
    body: `{"channel":"mem:@",${field}}`,
    status: 400,
    answer: malformed,
  })),
  {
    name: "refresh of nobody",
    path: "/api/refresh",
    body: '{"user":"u","client":"c","session":"s","expired":true,"expire_at":1,"info":{"a":1}}',
    status: 200,
    answer: '{"result":{}}',
  },
  { name: "refresh with nothing", path: "/api/refresh", body: "{}", status: 200, answer: '{"result":{}}' },
  { name: "[H4] refresh with a wrong type is malformed", path: "/api/refresh", body: '{"expired":1}', status: 400, answer: malformed },
  {
    name: "disconnect of nobody",
    path: "/api/disconnect",
    body: '{"user":"u","whitelist":["a"],"disconnect":{"code":4500,"reason":"out"}}',
    status: 200,
    answer: '{"result":{}}',
  },
  { name: "[H7] rpc without a method", path: "/api/rpc", body: "{}", status: 200, answer: badRequest },
  { name: "[H7] rpc of an unknown method", path: "/api/rpc", body: '{"method":"x"}', status: 200, answer: notFound },
  { name: "[H7] unknown path", path: "/api/nope", body: "{}", status: 404, answer: "404 page not found\n" },
  { name: "[H7] a slash behind the prefix", path: "/api/", body: "{}", status: 404, answer: "404 page not found\n" },
  { name: "[H7] a slash behind a method", path: "/api/publish/", body: "{}", status: 404, answer: "404 page not found\n" },
];

const broadcasts: readonly Case[] = [
  { name: "[H8] no channels", body: '{"channels":[],"data":1}', status: 200, answer: badRequest },
  {
    name: "[H8] one answer per channel, in order",
    body: '{"channels":["telemetry:@","","nope:x","mem:@","events:@"],"data":1}',
    status: 200,
    answer:
      '{"result":{"responses":[{"result":{"offset":1,"epoch":"E"}},{"error":{"code":107,"message":"bad request"}},{"error":{"code":102,"message":"unknown channel"}},{"result":{}},{"result":{"offset":1,"epoch":"E"}}]}}',
  },
  {
    // The real server publishes them all at once, so that either may come first there.
    name: "[H8] a channel named twice is published twice, in order",
    body: '{"channels":["telemetry:@","telemetry:@"],"data":1}',
    status: 200,
    answer: '{"result":{"responses":[{"result":{"offset":1,"epoch":"E"}},{"result":{"offset":2,"epoch":"E"}}]}}',
    on: ours,
  },
  {
    name: "[H8] data that one namespace refuses",
    body: '{"channels":["jo:@","telemetry:@"],"data":1}',
    status: 200,
    answer: '{"result":{"responses":[{"error":{"code":107,"message":"bad request"}},{"result":{"offset":1,"epoch":"E"}}]}}',
  },
  {
    name: "[H8] no data",
    body: '{"channels":["telemetry:@"]}',
    status: 200,
    answer: '{"result":{"responses":[{"error":{"code":107,"message":"bad request"}}]}}',
  },
  {
    name: "[H8] null in the list is an empty channel",
    body: '{"channels":["mem:@",null],"data":1}',
    status: 200,
    answer: '{"result":{"responses":[{"result":{}},{"error":{"code":107,"message":"bad request"}}]}}',
  },
  { name: "[H4] channels that are no list", body: '{"channels":"x","data":1}', status: 400, answer: malformed },
  {
    name: "errors inside are never statuses",
    body: '{"channels":["nope:@"],"data":1}',
    headers: transport,
    status: 200,
    answer: '{"result":{"responses":[{"error":{"code":102,"message":"unknown channel"}}]}}',
  },
].map((row) => ({ path: "/api/broadcast", ...row }));

const commands: readonly Case[] = [
  {
    name: "[H5] the document's publish",
    body: '{"method":"publish","params":{"channel":"telemetry:@","data":{"voltage":221.5,"msg":"实时电压波动"}}}',
    status: 200,
    answer: '{"result":{"offset":1,"epoch":"E"}}',
  },
  {
    name: "[H5] the document's broadcast",
    body: '{"method":"broadcast","params":{"channels":["p_alert:@"],"data":{"level":"P0","content":"服务器集群将于凌晨 2 点进行系统升级"}}}',
    status: 200,
    answer: '{"result":{"responses":[{"result":{"offset":1,"epoch":"E"}}]}}',
  },
  { name: "[H5] no method means publish", body: '{"params":{"channel":"mem:@","data":1}}', status: 200, answer: '{"result":{}}' },
  {
    name: "[H5] a method in any case, the id comes back",
    body: '{"method":"PuBlish","id":5,"params":{"channel":"mem:@","data":1}}',
    status: 200,
    answer: '{"id":5,"result":{}}',
  },
  {
    name: "[H5] a method by its number",
    body: '{"method":6,"params":{"channel":"telemetry:@","limit":2}}',
    status: 200,
    answer: '{"result":{"publications":[],"epoch":"E","offset":0}}',
  },
  ...['"6"', '"nope"', "null", '"batch"', "1.5"].map(
    (method): Omit<Case, "path"> => ({
      name: `[H5] method ${method}`,
      body: `{"method":${method},"params":{}}`,
      status: 400,
      answer: malformed,
    }),
  ),
  ...["14", "999", "-1", "99999999999", '"block_user"', '"connections"'].map(
    (method): Omit<Case, "path"> => ({
      name: `[H5] method ${method}`,
      body: `{"method":${method},"params":{}}`,
      status: 200,
      answer: notFound,
    }),
  ),
  { name: "[H5] no params", body: '{"method":"publish"}', status: 200, answer: badRequest },
  { name: "[H5] null as params", body: '{"method":"publish","params":null}', status: 200, answer: badRequest },
  { name: "[H5] params that are no object", body: '{"method":"publish","params":[]}', status: 200, answer: badRequest },
  { name: "[H5] params of a wrong type", body: '{"method":"publish","params":{"channel":1}}', status: 200, answer: badRequest },
  { name: "[H5] channels without params", body: '{"method":"channels"}', status: 200, answer: badRequest },
  { name: "[H5] info needs none", body: '{"method":"info"}', status: 200, answer: /^\{"result":\{"nodes":\[\{"uid"/ },
  { name: "[H5] an id that is no number", body: '{"id":"x","method":"info"}', status: 400, answer: malformed },
  { name: "[H5] an id beyond 32 bits", body: '{"id":4294967296,"method":"info"}', status: 400, answer: malformed },
  {
    name: "[H5] a command's error carries its id",
    body: '{"id":3,"method":"publish","params":{"channel":""}}',
    status: 200,
    answer: '{"id":3,"error":{"code":107,"message":"bad request"}}',
  },
  {
    name: "[H5] commands one behind the other",
    body: '{"id":1,"method":"publish","params":{"channel":"telemetry:@","data":1}}\n{"id":2,"method":"history","params":{"channel":"telemetry:@","limit":1}}{"id":3,"method":"presence","params":{"channel":"telemetry:@"}}',
    status: 200,
    answer:
      '{"id":1,"result":{"offset":1,"epoch":"E"}}\n{"id":2,"result":{"publications":[{"data":1,"offset":1}],"epoch":"E","offset":1}}\n{"id":3,"result":{"presence":{}}}',
  },
  {
    name: "[H5] a good command, then a broken one",
    body: '{"method":"publish","params":{"channel":"telemetry:@","data":1}}\n{bad',
    status: 400,
    answer: malformed,
  },
  {
    name: "[H5] the good command before a broken one is done",
    first: ['{"method":"publish","params":{"channel":"telemetry:@","data":1}}\n{bad'],
    body: '{"method":"history","params":{"channel":"telemetry:@","limit":0}}',
    status: 200,
    answer: '{"result":{"publications":[],"epoch":"E","offset":1}}',
  },
  {
    name: "[H5] subscribe and refresh have the numbers 11 and 12",
    body: '{"method":11,"params":{"user":"u","channel":"nope:@"}}\n{"method":12,"params":{"user":"u"}}\n{"method":"SUBSCRIBE","params":{"user":"u","channel":"mem:@"}}\n{"method":12}',
    status: 200,
    answer: `${unknownChannel}\n{"result":{}}\n{"result":{}}\n${badRequest}`,
  },
  { name: "[H5] only spaces", body: "   ", status: 200, answer: "" },
  { name: "[H4] nothing", body: "", status: 400, answer: malformed },
  { name: "[H4] null is an empty publish", body: "null", status: 200, answer: badRequest },
  { name: "[H4] a list", body: "[]", status: 400, answer: malformed },
  { name: "[H7] rpc of an unknown method by command", body: '{"method":"rpc","params":{"method":"x"}}', status: 200, answer: notFound },
  {
    name: "error mode transport is not for commands",
    body: '{"method":"publish","params":{"channel":""}}',
    headers: transport,
    status: 200,
    answer: badRequest,
  },
].map((row) => ({ path: "/api", ...row }));

const batches: readonly Case[] = [
  {
    name: "[H8] one reply per command, in order",
    body: '{"commands":[{"publish":{"channel":"telemetry:@","data":1}},null,{"nope":{}},{"batch":{}},{"publish":{"channel":""}},{},{"publish":{"channel":"mem:@","data":2},"history":{"channel":"telemetry:@"}},{"presence":{"channel":"telemetry:@"}}]}',
    status: 200,
    answer:
      '{"replies":[{"publish":{"offset":1,"epoch":"E"}},{"error":{"code":107,"message":"bad request"}},{"error":{"code":104,"message":"not found"}},{"error":{"code":104,"message":"not found"}},{"error":{"code":107,"message":"bad request"}},{"error":{"code":104,"message":"not found"}},{"publish":{}},{"presence":{"presence":{}}}]}',
  },
  {
    name: "[H8] subscribe and refresh in a batch",
    body: '{"commands":[{"subscribe":{"user":"u","channel":"mem:@"}},{"refresh":{"user":"u"}},{"subscribe":{"channel":""}}]}',
    status: 200,
    answer: '{"replies":[{"subscribe":{}},{"refresh":{}},{"error":{"code":107,"message":"bad request"}}]}',
  },
  { name: "[H8] no commands", body: "{}", status: 200, answer: "{}" },
  { name: "[H8] an empty list", body: '{"commands":[],"parallel":true}', status: 200, answer: "{}" },
  { name: "[H8] a command of a wrong type runs none", body: '{"commands":[{"publish":{"channel":1}}]}', status: 400, answer: malformed },
  {
    name: "[H8] in parallel",
    body: '{"commands":[{"publish":{"channel":"mem:@","data":1}},{"publish":{"channel":"nope:x","data":1}}],"parallel":true}',
    status: 200,
    answer: '{"replies":[{"publish":{}},{"error":{"code":102,"message":"unknown channel"}}]}',
  },
].map((row) => ({ path: "/api/batch", ...row }));

const started = new Map<SideName, Promise<ApiSide>>();
const starters = { embedded: embeddedSide, centrifugo: centrifugoSide, real: realSide };
function side(name: SideName): Promise<ApiSide> {
  const running = started.get(name) ?? starters[name]();
  started.set(name, running);
  return running;
}
after(async () => {
  for (const running of started.values()) await (await running).stop();
});

let suffixes = 0;

for (const name of ["embedded", "centrifugo", "real"] as const) {
  for (const row of [...publishes, ...reads, ...broadcasts, ...commands, ...batches]) {
    if (row.on !== undefined && !row.on.includes(name)) continue;
    test(`${name}: POST ${row.path}: ${row.name}`, { skip: name === "embedded" ? false : withoutCentrifugo() }, async () => {
      const api = await side(name);
      suffixes += 1;
      const fresh = `c${suffixes}`;
      for (const before of row.first ?? []) {
        const [path, body] = typeof before === "string" ? [row.path, before] : before;
        await send(api, path, body.replaceAll("@", fresh));
      }
      const body = typeof row.body === "string" ? row.body.replaceAll("@", fresh) : row.body;
      const { status, text } = await send(api, row.path, body, row.headers);
      assert.deepEqual(
        { status, text: typeof row.answer === "string" ? text : row.answer.test(text) },
        { status: row.status, text: typeof row.answer === "string" ? row.answer : true },
        text,
      );
    });
  }
}

async function send(api: ApiSide, path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) {
  const response = await api.request(path, { method: "POST", body: body as string, headers: { "x-api-key": apiKey, ...headers } });
  const text = (await response.text()).replaceAll(/"epoch":"[^"]+"/g, '"epoch":"E"');
  return { status: response.status, text };
}
