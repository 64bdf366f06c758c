import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { conformance, type RuleOptions } from "../harness/rule.ts";
import { API_KEY } from "../harness/side.ts";
import { says } from "./api.ts";

/** Every method in every form: by its path, in `POST /api`, in a batch; and the paths that are none. */
const { group, rule } = conformance({
  name: "api-forms",
  title: "The server API: every method in its forms",
  about: "Each method by its path, as a command and in a batch, with nothing, with a field of another type; and paths that lead nowhere.",
  config: standard,
});

const http = { formats: ["http"] } as const;
const badRequest = '{"code":107,"message":"bad request"}';
/** What names its node, or other rules' channels, is looked at here and not compared. */
const anyNumbers: RuleOptions = { ...http, compare: { off: "it tells of the whole server" } };

/** A method, what it answers to `{}` (undefined: a result of the whole server), and a field with its wrong value. */
const methods: readonly (readonly [name: string, error: string | undefined, wrong: string])[] = [
  ["publish", badRequest, '{"channel":1}'],
  ["broadcast", badRequest, '{"channels":"open:a"}'],
  ["subscribe", badRequest, '{"override":true}'],
  ["unsubscribe", "", '{"user":1}'],
  ["disconnect", "", '{"whitelist":"x"}'],
  ["history", badRequest, '{"limit":"1"}'],
  ["history_remove", badRequest, '{"channel":[]}'],
  ["presence", badRequest, '{"channel":{}}'],
  ["presence_stats", badRequest, '{"channel":true}'],
  ["info", undefined, "[]"],
  ["rpc", badRequest, '{"method":1}'],
  ["refresh", "", '{"expired":1}'],
  ["channels", undefined, '{"pattern":1}'],
  ["map_publish", badRequest, '{"tags":[]}'],
  ["map_remove", badRequest, '{"key":1}'],
  ["map_read_state", badRequest, '{"limit":1.5}'],
  ["map_read_stream", badRequest, '{"since_offset":-1}'],
  ["map_stats", badRequest, '{"channel":0}'],
  ["map_clear", badRequest, '{"channel":false}'],
  ["shared_poll_publish", badRequest, '{"version":"1"}'],
];

for (const [index, [name, error, wrong]] of methods.entries()) {
  const options = error === undefined ? anyNumbers : http;
  const said = error === undefined ? /^\{"result":\{.+\}\}$/ : error === "" ? '{"result":{}}' : `{"error":${error}}`;
  rule(`[H6.${60 + index}] ${name} of nothing, by its path`, options, async (side) => {
    says(await side.apiAnswer(name, "{}"), 200, said);
  });
  rule(`[H5.${60 + index}] ${name} of nothing, as a command with an id`, options, async (side) => {
    const answer = await side.apiAnswer("/api", `{"id":9,"method":"${name}","params":{}}`);
    says(answer, 200, typeof said === "string" ? said.replace("{", '{"id":9,') : /^\{"id":9,"result":\{.+\}\}$/);
  });
  rule(`[H8.${60 + index}] ${name} of nothing, in a batch`, options, async (side) => {
    const answer = await side.apiAnswer("batch", `{"commands":[{"${name}":{}}]}`);
    const reply = error === "" ? `"${name}":{}` : `"error":${error}`;
    says(answer, 200, error === undefined ? new RegExp(`^\\{"replies":\\[\\{"${name}":\\{.+\\}\\}\\]\\}$`) : `{"replies":[{${reply}}]}`);
  });
  rule(`[H4.${60 + index}] ${name} with ${wrong}: 400, as a command error 107`, http, async (side) => {
    says(await side.apiAnswer(name, wrong), 400, "Bad Request\n");
    if (wrong !== "[]") says(await side.apiAnswer("/api", `{"method":"${name}","params":${wrong}}`), 200, `{"error":${badRequest}}`);
    if (wrong !== "[]") says(await side.apiAnswer("batch", `{"commands":[{"${name}":${wrong}}]}`), 400, "Bad Request\n");
  });
}

/** Methods of other editions: no path, and error 104 as a command. */
const others = ["connections", "get_user_status", "block_user", "revoke_token", "device_list", "user_topic_list", "cancel_push"];
for (const [index, name] of others.entries()) {
  rule(`[H7.${60 + index}] ${name}: no such path, and error 104 as a command`, http, async (side) => {
    assert.equal((await side.apiAnswer(name, {})).status, 404);
    says(await side.apiAnswer("/api", `{"method":"${name}","params":{}}`), 200, '{"error":{"code":104,"message":"not found"}}');
    says(await side.apiAnswer("batch", `{"commands":[{"${name}":{}}]}`), 200, '{"replies":[{"error":{"code":104,"message":"not found"}}]}');
  });
}

for (const [index, method] of ["HEAD", "PATCH", "TRACE"].entries()) {
  rule(`[H3.${10 + index}] ${method} on the API: 405, with a key or without`, http, async (side) => {
    for (const path of ["/api/publish", "/api", "/api/batch"]) {
      assert.equal((await side.http({ method, path })).status, 405, path);
      assert.equal((await side.http({ method, path, headers: { "X-API-Key": API_KEY } })).status, 405, path);
    }
  });
}

for (const [index, path] of [
  "/api/",
  "/api/publish/",
  "/api/PUBLISH",
  "/api/publish;v=1",
  "/api%2fpublish",
  "/api/publish%2f",
  "/api/publish%20",
  "/api/publish.json",
  "/api/batch/publish",
  `/api/${"x".repeat(4_000)}`,
].entries()) {
  rule(`[H11.${30 + index}] ${path.slice(0, 40)} is nothing: 404, with a key or without`, http, async (side) => {
    assert.equal((await side.apiAnswer(path, {})).status, 404);
    assert.equal((await side.http({ path, body: "{}" })).status, 404);
  });
}

rule("[H11.50] a query string changes nothing", http, async (side) => {
  says(await side.apiAnswer("/api/publish?method=info&x=%00", {}), 200, `{"error":${badRequest}}`);
});

const elsewhere: RuleOptions = { ...http, compare: { off: "the real one sends the client to the clean path, ours is there already" } };
rule("[H11.51] dots in the path are resolved, and the key is asked for there", elsewhere, async (side) => {
  const there = async (path: string) => (await side.http({ path, body: "{}" })).status;
  for (const path of ["/api/./publish", "/api/x/../publish"]) assert.ok([307, 401].includes(await there(path)), path);
});

rule("[H8.90] a batch of a thousand commands", http, async (side) => {
  const commands = Array.from({ length: 1_000 }, (_, i) => ({ publish: { channel: side.channel(`open:${i}`), data: i } }));
  const answer = JSON.parse((await side.apiAnswer("batch", { commands, parallel: true })).body);
  assert.equal(answer.replies.length, 1_000);
});

rule("[H5.90] a thousand commands one behind the other", http, async (side) => {
  const one = JSON.stringify({ params: { channel: side.channel("open:a"), data: 1 } });
  const answer = await side.apiAnswer("/api", `${one}\n`.repeat(1_000));
  assert.equal(answer.body, `${'{"result":{}}\n'.repeat(999)}{"result":{}}`);
});

const eitherOrder: RuleOptions = { ...http, compare: { off: "the real one publishes them in either order" } };
rule("[H8.91] broadcast to one channel twice publishes twice", eitherOrder, async (side) => {
  const channel = side.channel("hist:a");
  await side.api("broadcast", { channels: [channel, channel], data: 1 });
  assert.equal((await side.api("history", { channel }))["offset"], 2);
});

export default group;
