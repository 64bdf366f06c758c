import { type Case, runCases } from "./testing-tables.ts";

/** The map methods of the server API by their table (MA rules in docs/spec/maps.md), on all three sides. */

type Row = Omit<Case, "status"> & { readonly status?: number };
const cases = (path: string, rows: readonly (Omit<Row, "path"> & { readonly path?: string })[]): readonly Case[] =>
  rows.map((row) => ({ status: 200, path: `/api/${path}`, ...row }));

const badRequest = '{"error":{"code":107,"message":"bad request"}}';
const unknownChannel = '{"error":{"code":102,"message":"unknown channel"}}';
const unrecoverable = '{"error":{"code":112,"message":"unrecoverable position"}}';
const internal = '{"error":{"code":100,"message":"internal server error"}}';
const notAvailable = '{"error":{"code":108,"message":"not available"}}';
const at = (offset: number) => `{"result":{"offset":${offset},"epoch":"E"}}`;
const suppressed = (offset: number, why: string) =>
  `{"result":{"offset":${offset},"epoch":"E","suppressed":true,"suppress_reason":"${why}"}}`;
const set = (key: string, more = ""): readonly [string, string] => [
  "/api/map_publish",
  `{"channel":"mp:@","key":"${key}","data":"${key}"${more}}`,
];

const publishes = cases("map_publish", [
  { name: "[MA1] a change answers its position", body: '{"channel":"mp:@","key":"k","data":{"v":1}}', answer: at(1) },
  {
    name: "[MA1] on an ephemeral map there is only an epoch",
    body: '{"channel":"me:@","key":"k","data":1}',
    answer: '{"result":{"epoch":"E"}}',
  },
  ...["map_clients", "map_users"].map((type, n) => ({
    name: `[MA1] ${type} are maps, too`,
    body: `{"channel":"${n === 0 ? "mr" : "me"}:@","key":"k","data":1}`,
    answer: n === 0 ? at(1) : '{"result":{"epoch":"E"}}',
  })),
  { name: "[MA1] no channel", body: '{"key":"k","data":1}', answer: badRequest },
  { name: "[MA1] no key", body: '{"channel":"mp:@","data":1}', answer: badRequest },
  { name: "[MA1] unknown namespace", body: '{"channel":"nope:@","key":"k","data":1}', answer: unknownChannel },
  { name: "[MA1] a stream is no map", body: '{"channel":"mem:@","key":"k","data":1}', answer: badRequest },
  { name: "[MA2] no data", body: '{"channel":"mp:@","key":"k"}', answer: badRequest },
  { name: "[MA2] null is a payload", body: '{"channel":"mp:@","key":"k","data":null}', answer: at(1) },
  { name: "[MA2] no data where binary is allowed", body: '{"channel":"mb:@","key":"k"}', answer: at(1) },
  { name: "[MA2] bad base64", body: '{"channel":"mp:@","key":"k","b64data":"%%"}', answer: badRequest },
  { name: "[MA2] another key mode", body: '{"channel":"mp:@","key":"k","data":1,"key_mode":"other"}', answer: badRequest },
  {
    name: "[MA2] another key mode of an unknown namespace",
    body: '{"channel":"nope:@","key":"k","data":1,"key_mode":"other"}',
    answer: unknownChannel,
  },
  { name: "[MA2] a key of a wrong type is malformed", body: '{"channel":"mp:@","key":1,"data":1}', status: 400, answer: "Bad Request\n" },
  {
    name: "[ML17] if_new, and the key is there",
    first: [set("k")],
    body: '{"channel":"mp:@","key":"k","data":1,"key_mode":"if_new"}',
    answer: suppressed(1, "key_exists"),
  },
  {
    name: "[ML17] if_exists, and it is not",
    first: [set("k")],
    body: '{"channel":"mp:@","key":"l","data":1,"key_mode":"if_exists"}',
    answer: suppressed(1, "key_not_found"),
  },
  {
    name: "[ML17] if_exists on an untouched map",
    body: '{"channel":"mp:@","key":"l","data":1,"key_mode":"if_exists"}',
    answer: '{"result":{"epoch":"E","suppressed":true,"suppress_reason":"key_not_found"}}',
  },
  {
    name: "[ML18] an older version",
    first: [set("k", ',"version":5,"version_epoch":"x"')],
    body: '{"channel":"mp:@","key":"k","data":1,"version":5}',
    answer: suppressed(1, "version"),
  },
  {
    name: "[ML18] of another version epoch",
    first: [set("k", ',"version":5,"version_epoch":"x"')],
    body: '{"channel":"mp:@","key":"k","data":1,"version":1,"version_epoch":"y"}',
    answer: at(2),
  },
  {
    name: "[ML18] after a change without one",
    first: [set("k", ',"version":5'), set("k")],
    body: '{"channel":"mp:@","key":"k","data":1,"version":4}',
    answer: suppressed(2, "version"),
  },
  { name: "[ML21] a version needs a stream", body: '{"channel":"me:@","key":"k","data":1,"version":1}', answer: internal },
  {
    name: "[ML19] a repeated idempotency key",
    first: [set("k", ',"idempotency_key":"i"'), set("l")],
    body: '{"channel":"mp:@","key":"m","data":1,"idempotency_key":"i"}',
    answer: suppressed(1, "idempotency"),
  },
  {
    name: "[MA1] error mode transport",
    body: '{"key":"k"}',
    headers: { "x-centrifugo-error-mode": "transport" },
    status: 400,
    answer: '{"code":107,"message":"bad request"}',
  },
]);

const removals = cases("map_remove", [
  { name: "[MA1] a removal answers its position", first: [set("k")], body: '{"channel":"mp:@","key":"k"}', answer: at(2) },
  {
    name: "[ML6] a key that is not there",
    first: [set("k")],
    body: '{"channel":"mp:@","key":"l"}',
    answer: suppressed(1, "key_not_found"),
  },
  {
    name: "[ML6] a map that is not there",
    body: '{"channel":"mp:@","key":"l"}',
    answer: '{"result":{"suppressed":true,"suppress_reason":"key_not_found"}}',
  },
  {
    name: "[ML19] an idempotency key of a change",
    first: [set("k", ',"idempotency_key":"i"')],
    body: '{"channel":"mp:@","key":"k","idempotency_key":"i"}',
    answer: suppressed(1, "idempotency"),
  },
  { name: "[MA1] no key", body: '{"channel":"mp:@"}', answer: badRequest },
  { name: "[MA1] unknown namespace", body: '{"channel":"nope:@","key":"k"}', answer: unknownChannel },
  { name: "[MA1] a stream is no map", body: '{"channel":"mem:@","key":"k"}', answer: badRequest },
]);

const entry = (key: string, offset: number) => `{"key":"${key}","data":"${key}","offset":${offset},"time":T}`;
const states = cases("map_read_state", [
  {
    name: "[MA3] by key",
    first: [set("c"), set("a"), set("b")],
    body: '{"channel":"mp:@","limit":-1}',
    answer: `{"result":{"entries":[${entry("a", 2)},${entry("b", 3)},${entry("c", 1)}],"offset":3,"epoch":"E"}}`,
  },
  {
    name: "[MA3] a page, and where the next begins",
    first: [set("c"), set("a"), set("b")],
    body: '{"channel":"mp:@","limit":2}',
    answer: `{"result":{"entries":[${entry("a", 2)},${entry("b", 3)}],"offset":3,"epoch":"E","cursor":"b"}}`,
  },
  {
    name: "[MA3] from a cursor",
    first: [set("c"), set("a"), set("b")],
    body: '{"channel":"mp:@","limit":2,"cursor":"b"}',
    answer: `{"result":{"entries":[${entry("c", 1)}],"offset":3,"epoch":"E"}}`,
  },
  { name: "[MA3] without a limit nothing is read", first: [set("a")], body: '{"channel":"mp:@"}', answer: at(1) },
  {
    name: "[MA3] one key needs no limit",
    first: [set("a"), set("b")],
    body: '{"channel":"mp:@","key":"b"}',
    answer: `{"result":{"entries":[${entry("b", 2)}],"offset":2,"epoch":"E"}}`,
  },
  { name: "[MA3] one key that is not there", first: [set("a")], body: '{"channel":"mp:@","key":"b"}', answer: at(1) },
  {
    name: "[MA3] tags come with it, the payload as it is",
    first: [["/api/map_publish", '{"channel":"mp:@","key":"k","data":{"n":1e400,"s":"<"},"tags":{"t":"1"}}']],
    body: '{"channel":"mp:@","limit":1}',
    answer:
      '{"result":{"entries":[{"key":"k","data":{"n":1e400,"s":"\\u003c"},"tags":{"t":"1"},"offset":1,"time":T}],"offset":1,"epoch":"E"}}',
  },
  {
    name: "[MA3] an ephemeral map",
    first: [["/api/map_publish", '{"channel":"me:@","key":"k","data":1}']],
    body: '{"channel":"me:@","limit":1}',
    answer: '{"result":{"entries":[{"key":"k","data":1,"time":T}],"epoch":"E"}}',
  },
  { name: "[MA3] an untouched map", body: '{"channel":"mp:@","limit":1}', answer: '{"result":{"epoch":"E"}}' },
  {
    name: "[ML11] a revision of another epoch",
    first: [set("a")],
    body: '{"channel":"mp:@","limit":1,"revision_offset":1,"revision_epoch":"x"}',
    answer: unrecoverable,
  },
  {
    name: "[ML11] a revision without an epoch",
    first: [set("a")],
    body: '{"channel":"mp:@","limit":1,"revision_offset":1}',
    answer: unrecoverable,
  },
  {
    name: "[ML11] a revision without an epoch of an untouched map",
    body: '{"channel":"mp:@","limit":1,"revision_offset":5}',
    answer: '{"result":{"epoch":"E"}}',
  },
  { name: "[MA1] no channel", body: "{}", answer: badRequest },
  { name: "[MA1] a stream is no map", body: '{"channel":"mem:@","limit":1}', answer: badRequest },
  {
    name: "[MA3] a payload that is no JSON makes the answer 500",
    first: [["/api/map_publish", '{"channel":"mb:@","key":"k","b64data":"AAE="}']],
    body: '{"channel":"mb:@","limit":1}',
    status: 500,
    answer: "Internal Server Error\n",
    on: ["embedded", "real"],
  },
]);

const streams = cases("map_read_stream", [
  {
    name: "[MA4] changes in their order, removals among them",
    first: [set("a"), ["/api/map_remove", '{"channel":"mp:@","key":"a"}']],
    body: '{"channel":"mp:@","limit":-1}',
    answer: `{"result":{"entries":[${entry("a", 1)},{"key":"a","offset":2,"removed":true,"time":T}],"offset":2,"epoch":"E"}}`,
  },
  {
    name: "[MA4] newest first",
    first: [set("a"), set("b")],
    body: '{"channel":"mp:@","limit":1,"reverse":true}',
    answer: `{"result":{"entries":[${entry("b", 2)}],"offset":2,"epoch":"E"}}`,
  },
  {
    name: "[MA4] from a position",
    first: [set("a"), set("b")],
    body: '{"channel":"mp:@","limit":5,"since_offset":1}',
    answer: `{"result":{"entries":[${entry("b", 2)}],"offset":2,"epoch":"E"}}`,
  },
  {
    name: "[MA4] below a position, newest first",
    first: [set("a"), set("b")],
    body: '{"channel":"mp:@","limit":5,"since_offset":2,"reverse":true}',
    answer: `{"result":{"entries":[${entry("a", 1)}],"offset":2,"epoch":"E"}}`,
  },
  ...[
    ["above the top", '"since_offset":9'],
    ["far above the top, newest first", '"since_offset":9,"reverse":true'],
  ].map(([name, since]) => ({ name: `[MA4] ${name}`, first: [set("a")], body: `{"channel":"mp:@","limit":5,${since}}`, answer: at(1) })),
  { name: "[MA4] another epoch", first: [set("a")], body: '{"channel":"mp:@","limit":5,"since_epoch":"x"}', answer: unrecoverable },
  {
    name: "[MA4] changes that are no longer kept",
    first: ["a", "b", "c", "d", "e"].map((key) => ["/api/map_publish", `{"channel":"mr:@","key":"${key}","data":1}`] as const),
    body: '{"channel":"mr:@","limit":5,"since_offset":1}',
    answer: unrecoverable,
  },
  { name: "[MA4] without a limit nothing is read", first: [set("a")], body: '{"channel":"mp:@"}', answer: at(1) },
  {
    name: "[MA4] an ephemeral map has none",
    first: [["/api/map_publish", '{"channel":"me:@","key":"k","data":1}']],
    body: '{"channel":"me:@","limit":5}',
    answer: '{"result":{"epoch":"E"}}',
  },
]);

const others = [
  ...cases("map_stats", [
    { name: "[MA5] keys are counted", first: [set("a"), set("b")], body: '{"channel":"mp:@"}', answer: '{"result":{"num_keys":2}}' },
    { name: "[MA5] none", body: '{"channel":"mp:@"}', answer: '{"result":{}}' },
    { name: "[MA1] a stream is no map", body: '{"channel":"mem:@"}', answer: badRequest },
  ]),
  ...cases("map_clear", [
    { name: "[MA5] nothing to clear", body: '{"channel":"mp:@"}', answer: '{"result":{}}' },
    { name: "[MA1] unknown namespace", body: '{"channel":"nope:@"}', answer: unknownChannel },
  ]),
  ...cases("map_stats", [
    {
      name: "[MA5] cleared",
      first: [set("a"), ["/api/map_clear", '{"channel":"mp:@"}']],
      body: '{"channel":"mp:@"}',
      answer: '{"result":{}}',
    },
  ]),
  ...cases("publish", [{ name: "[MA7] a plain publication is not for maps", body: '{"channel":"mp:@","data":1}', answer: badRequest }]),
  ...cases("broadcast", [
    { name: "[MA7] a broadcast does not ask", body: '{"channels":["mp:@"],"data":1}', answer: '{"result":{"responses":[{"result":{}}]}}' },
  ]),
  ...cases("history", [{ name: "[MA7] a map has no history", body: '{"channel":"mp:@","limit":1}', answer: notAvailable }]),
  ...cases("batch", [
    {
      name: "[MA8] in a batch",
      body: '{"commands":[{"map_publish":{"channel":"mp:@","key":"k","data":1}},{"map_remove":{"channel":"mp:@","key":"x"}},{"map_stats":{"channel":"mp:@"}}]}',
      answer:
        '{"replies":[{"map_publish":{"offset":1,"epoch":"E"}},{"map_remove":{"offset":1,"epoch":"E","suppressed":true,"suppress_reason":"key_not_found"}},{"map_stats":{"num_keys":1}}]}',
    },
  ]),
  ...cases("", [
    {
      path: "/api",
      name: "[MA8] by name in a command",
      body: '{"method":"map_publish","params":{"channel":"mp:@","key":"k","data":1}}',
      answer: at(1),
    },
    ...[
      [33, '{"channel":"mp:@","key":"k","data":1}', at(1)],
      [34, '{"channel":"mp:@","key":"k"}', '{"result":{"suppressed":true,"suppress_reason":"key_not_found"}}'],
      [35, '{"channel":"mp:@","limit":1}', '{"result":{"epoch":"E"}}'],
      [36, '{"channel":"mp:@","limit":1}', '{"result":{"epoch":"E"}}'],
      [37, '{"channel":"mp:@"}', '{"result":{}}'],
      [38, '{"channel":"mp:@"}', '{"result":{}}'],
    ].map(([number, params, answer]) => ({
      path: "/api",
      name: `[MA8] by its number ${number}`,
      body: `{"method":${number},"params":${params}}`,
      answer: String(answer),
    })),
    { path: "/api", name: "[MA8] without params", body: '{"method":"map_clear"}', answer: badRequest },
  ]),
];

runCases([...publishes, ...removals, ...states, ...streams, ...others]);
