import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { v1Rig } from "./testing/rig.ts";

const expected = new Set([200, 204, 304, 400, 401, 403, 404, 405, 413, 429]);

const segment = fc.oneof(
  fc.constantFrom(
    "v1",
    "session",
    "me",
    "fleet",
    "machines",
    "VM-SH-001",
    "series",
    "events",
    "commands",
    "cancel",
    "status",
    "dead-letters",
    "try",
    "..",
    "%2e",
    "%00",
    "__proto__",
  ),
  fc.stringMatching(/^[\w%.~-]{0,20}$/),
);
const value = fc.oneof(
  fc.constantFrom(
    "",
    "all",
    "0",
    "-1",
    "1e9",
    "NaN",
    "9007199254740993",
    "temp_c",
    "temp_c,temp_c",
    "critical",
    "VM-SH-001",
    "%F0%28",
    "%00",
    "+",
  ),
  fc.string().map(encodeURIComponent),
);
const names = ["scope", "from_ms", "to_ms", "fields", "max_points", "vm_id", "type", "severity", "before_ms", "limit", "__proto__"];
const query = fc.array(
  fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => `${name}=${text}`),
  { maxLength: 4 },
);
const body = fc.oneof(
  fc.constant(undefined),
  fc.json(),
  fc.string(),
  fc.record(
    {
      idempotency_key: fc.oneof(fc.string(), fc.integer()),
      targets: fc.oneof(fc.array(fc.oneof(fc.constant("VM-SH-001"), fc.string(), fc.anything())), fc.string()),
      name: fc.oneof(fc.constant("restart"), fc.string()),
      params: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
      ttl_s: fc.oneof(fc.integer(), fc.double()),
      channel: fc.oneof(fc.constant("fleet:all"), fc.string()),
      password: fc.string(),
    },
    { requiredKeys: [] },
  ),
);

test("[R1] [H14] whatever is sent to /v1, the answer is a stated one and nothing breaks inside", { timeout: 60_000 }, async () => {
  const rig = await v1Rig();
  const admin = await rig.signIn("admin");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("GET", "POST", "DELETE", "PATCH"),
      fc.oneof(
        fc.constantFrom("machines/VM-SH-001/series", "events", "commands", "fleet", "realtime/subscription-token", "session"),
        fc.array(segment, { maxLength: 4 }).map((parts) => parts.join("/")),
      ),
      query,
      body,
      fc.boolean(),
      async (method, path, parameters, sent, signedIn) => {
        // Signing the test's own session out would leave nothing behind the door to test.
        if (method === "DELETE") signedIn = false;
        const options = signedIn ? { cookie: admin.cookie, csrf: admin.csrf } : {};
        const encoded = sent === undefined || method === "GET" ? undefined : typeof sent === "string" ? sent : (JSON.stringify(sent) ?? "");
        const { status, json, response } = await rig.call(method, `/v1/${path}?${parameters.join("&")}`, { ...options, body: encoded });
        assert.ok(expected.has(status), `${method} /v1/${path}: ${status} ${JSON.stringify(json)}`);
        if (status >= 400 && status !== 405) {
          assert.match(json.code, /^[a-z_]+$/);
          assert.equal(response.headers.get("cache-control"), "no-store");
        }
      },
    ),
    { numRuns: 3_000 },
  );
  assert.deepEqual(
    rig.logged.filter((line) => line.includes("failed")),
    [],
  );
});
