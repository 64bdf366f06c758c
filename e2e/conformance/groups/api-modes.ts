import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { conformance } from "../harness/rule.ts";
import { says } from "./api.ts";

/** `http_api.error_mode: transport`: a command's error is the status of the answer, and its body the bare error. */
const { group, rule } = conformance({
  name: "api-modes",
  title: "The server API: errors as statuses",
  about: "What `http_api.error_mode: transport` makes of each error, and of what it leaves alone.",
  config: { ...standard, http_api: { error_mode: "transport" } },
});

const http = { formats: ["http"] } as const;
const bare = {
  100: '{"code":100,"message":"internal server error"}',
  102: '{"code":102,"message":"unknown channel"}',
  104: '{"code":104,"message":"not found"}',
  107: '{"code":107,"message":"bad request"}',
  108: '{"code":108,"message":"not available"}',
  112: '{"code":112,"message":"unrecoverable position"}',
} as const;
const statuses = { 100: 500, 102: 404, 104: 404, 107: 400, 108: 400, 112: 416 } as const;
type Code = keyof typeof statuses;

/** `@` is the run's tag. */
function refused(id: string, what: string, method: string, body: string, code: Code): void {
  rule(`[${id}] ${what}: ${statuses[code]}`, http, async (side) => {
    says(await side.apiAnswer(method, body.replaceAll("@", side.tag)), statuses[code], bare[code]);
  });
}

function unchanged(id: string, what: string, path: string, body: string, status: number, answer: string): void {
  rule(`[${id}] ${what}`, http, async (side) => says(await side.apiAnswer(path, body.replaceAll("@", side.tag)), status, answer));
}

refused("H6.20", "publish into no channel", "publish", '{"data":1}', 107);
refused("H6.21", "publish without data", "publish", '{"channel":"open:@"}', 107);
refused("H6.22", "bad base64", "publish", '{"channel":"open:@","b64data":"%"}', 107);
refused("H6.23", "broadcast to no channel", "broadcast", '{"data":1}', 107);
refused("H6.24", "subscribe to no channel", "subscribe", '{"user":"a"}', 107);
refused("H6.25", "a key of no map", "map_publish", '{"channel":"open:@","key":"k","data":1}', 107);
refused("H7.90", "publish into an unknown namespace", "publish", '{"channel":"nowhere:@","data":1}', 102);
refused("H7.91", "history of one", "history", '{"channel":"nowhere:@"}', 102);
refused("H7.92", "history_remove of one", "history_remove", '{"channel":"nowhere:@"}', 102);
refused("H7.93", "presence of one", "presence", '{"channel":"nowhere:@"}', 102);
refused("H7.94", "presence_stats of one", "presence_stats", '{"channel":"nowhere:@"}', 102);
refused("H7.95", "subscribe to one", "subscribe", '{"user":"a","channel":"nowhere:@"}', 102);
refused("H7.96", "unsubscribe from one", "unsubscribe", '{"user":"a","channel":"nowhere:@"}', 102);
refused("H7.97", "map_stats of one", "map_stats", '{"channel":"nowhere:@"}', 102);
refused("H7.98", "presence where none is kept", "presence", '{"channel":"bare:@"}', 108);
refused("H7.99", "presence_stats where none is kept", "presence_stats", '{"channel":"bare:@"}', 108);
refused("H7.100", "history where none is kept", "history", '{"channel":"bare:@"}', 108);
refused("H7.101", "history_remove where none is kept", "history_remove", '{"channel":"bare:@"}', 108);
refused("H7.102", "history with another epoch", "history", '{"channel":"hist:@","limit":1,"since":{"offset":1,"epoch":"x"}}', 112);
refused("H7.103", "history reversed from offset 0", "history", '{"channel":"hist:@","limit":1,"reverse":true,"since":{"offset":0}}', 100);
refused("H7.104", "channels with a broken pattern", "channels", '{"pattern":"{a"}', 100);
refused("H7.105", "rpc of anything", "rpc", '{"method":"x"}', 104);
refused("H7.106", "rpc of nothing", "rpc", "{}", 107);

unchanged("H6.40", "a result keeps its envelope", "publish", '{"channel":"open:@","data":1}', 200, '{"result":{}}');
unchanged("H6.41", "what cannot be read is text still", "publish", "{", 400, "Bad Request\n");
unchanged(
  "H6.42",
  "the inner answers of broadcast have no status",
  "broadcast",
  '{"channels":["nowhere:@","open:@"],"data":1}',
  200,
  '{"result":{"responses":[{"error":{"code":102,"message":"unknown channel"}},{"result":{}}]}}',
);
unchanged(
  "H6.43",
  "the replies of batch have none",
  "batch",
  '{"commands":[{"publish":{"channel":"nowhere:@","data":1}}]}',
  200,
  '{"replies":[{"error":{"code":102,"message":"unknown channel"}}]}',
);
unchanged(
  "H6.44",
  "nor those of the older form",
  "/api",
  '{"method":"publish","params":{"channel":"nowhere:@","data":1}}',
  200,
  '{"error":{"code":102,"message":"unknown channel"}}',
);

rule("[H6.45] no header switches it off", http, async (side) => {
  for (const value of ["", "default", "result"])
    says(await side.apiAnswer("publish", {}, { "X-Centrifugo-Error-Mode": value }), 400, bare[107]);
});

rule("[H6.46] without a key it is 401 first, and with another method 405", http, async (side) => {
  says(await side.http({ path: "/api/publish", body: "{}" }), 401, "");
  assert.equal((await side.http({ method: "GET", path: "/api/publish" })).status, 405);
});

export default group;
