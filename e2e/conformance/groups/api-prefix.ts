import { standard } from "../configs/standard.ts";
import { conformance } from "../harness/rule.ts";
import { API_KEY } from "../harness/side.ts";
import { says } from "./api.ts";

/** `http_api.handler_prefix` and `http_api.insecure`: another address, and a door without a lock. */
const { group, rule } = conformance({
  name: "api-prefix",
  title: "The server API: another prefix, and no key",
  about: "What `http_api.handler_prefix` moves, and whom `http_api.insecure` lets in.",
  config: { ...standard, http_api: { handler_prefix: "/server/api", insecure: true } },
});

const http = { formats: ["http"] } as const;
const publish = '{"channel":"open:@","data":1}';

function asked(
  id: string,
  what: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  status: number,
  answer: string | RegExp,
): void {
  rule(`[${id}] ${what}: ${status}`, http, async (side) => {
    says(await side.http({ path, headers, body: publish.replace("@", side.tag) }), status, answer);
  });
}

const done = '{"result":{}}';
asked("H1.60", "no key", "/server/api/publish", {}, 200, done);
asked("H1.61", "a wrong key", "/server/api/publish", { "X-API-Key": "wrong" }, 200, done);
asked("H1.62", "a wrong key in the query", "/server/api/publish?api_key=x", {}, 200, done);
asked("H1.63", "the right key", "/server/api/publish", { "X-API-Key": API_KEY }, 200, done);
asked("H1.64", "a header of another kind", "/server/api/publish", { Authorization: "Bearer x" }, 200, done);
asked("H1.65", "the older form", "/server/api", {}, 200, '{"error":{"code":107,"message":"bad request"}}');
asked("H1.66", "a batch", "/server/api/batch", {}, 200, "{}");
asked("H11.60", "nothing below the prefix of that name", "/server/api/shout", {}, 404, "404 page not found\n");
asked("H11.61", "the prefix with a slash", "/server/api/", {}, 404, "404 page not found\n");

asked("H11.62", "where the API is not", "/api/publish", {}, 404, "404 page not found\n");

export default group;
