import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { API_KEY, root } from "../harness/fleetcast.ts";
import { OwnProcess } from "../harness/process.ts";
import { type ApiWorld, type Document, documentOf, startApiWorld, userName } from "./world.ts";

/** A running server against the document that it serves, and against the reference pages. */

let world: ApiWorld;
let document: Document;
let ajv: Ajv2020;

before(
  async () => {
    world = await startApiWorld();
    document = await documentOf(world);
    ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: "doc", ...closed(document) });
  },
  { timeout: 60_000 },
);
after(async () => {
  await world?.fleetcast.remove();
});

/** The document lets a later version answer more; here every field has to be told. */
function closed(value: unknown): Document {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, closed(inner)]));
  const isObject = copy["type"] === "object" && copy["properties"] !== undefined && copy["additionalProperties"] === undefined;
  return isObject ? { ...copy, additionalProperties: false } : copy;
}

/** The schema of an operation's answer; fails the test when the document does not have this status or type. */
function shapeOf(path: string, method: string, answer: Response): ValidateFunction {
  const type = (answer.headers.get("content-type") ?? "").split(";")[0]!;
  const told = document.paths[path][method].responses[String(answer.status)];
  assert.ok(told, `${method} ${path} answered ${answer.status}, which the document does not know`);
  assert.ok(told.content?.[type], `${method} ${path} answered ${answer.status} as ${type}`);
  const pointer = ["paths", path, method, "responses", String(answer.status), "content", type, "schema"];
  return ajv.getSchema(`doc#/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`)!;
}

async function conforms(path: string, method: string, answer: Response): Promise<Document> {
  const text = await answer.text();
  // A body beyond every route's limit is refused before any of them is asked, without a word.
  if (answer.status === 413 && text === "") return undefined;
  if (answer.status === 204 || text === "") {
    const told = document.paths[path][method].responses[String(answer.status)];
    assert.ok(told !== undefined && told.content === undefined, `${method} ${path}: ${answer.status} without a body`);
    return undefined;
  }
  const validate = shapeOf(path, method, answer);
  const isJson = answer.headers.get("content-type")?.includes("json") === true;
  const body = isJson ? JSON.parse(text) : text;
  assert.ok(validate(body), `${method} ${path} ${answer.status} ${text}\n${ajv.errorsText(validate.errors)}`);
  return body;
}

/** Asks an operation as its document says, with its own example. */
async function ask(path: string, method: string, change: { headers?: Record<string, string>; body?: string; query?: string } = {}) {
  const { security, requestBody, parameters = [] } = document.paths[path][method];
  const isApi = security.some((way: object) => "apiKey" in way);
  const example = requestBody?.content["application/json"].example;
  const own = Object.fromEntries(
    parameters.filter((each: Document) => each.in === "path").map((each: Document) => [each.name, each.example]),
  );
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => own[name]);
  const credentials = isApi ? { "x-api-key": API_KEY } : { cookie: world.cookie, "x-fleetcast-csrf": world.csrf };
  return fetch(`${world.fleetcast.base}${address}${change.query ?? ""}`, {
    method: method.toUpperCase(),
    headers: { ...credentials, ...(example === undefined ? {} : { "content-type": "application/json" }), ...change.headers },
    ...(example === undefined && change.body === undefined ? {} : { body: change.body ?? JSON.stringify(example) }),
  });
}

function* everyOperation(): Generator<readonly [path: string, method: string]> {
  for (const [path, methods] of Object.entries<object>(document.paths)) for (const method of Object.keys(methods)) yield [path, method];
}

test("[OA10] every operation answers its example within the document's shape", { timeout: 60_000 }, async () => {
  let asked = 0;
  for (const [path, method] of everyOperation()) {
    // Signing out would end the session of the others; the name and password of the example are nobody's.
    if (path === "/v1/session") continue;
    const answer = await ask(path, method);
    // Their examples name what nobody made.
    const isThere = !path.includes("{cmd_id}") && path !== "/v1/traces/end";
    const good = Object.keys(document.paths[path][method].responses)[0];
    assert.equal(String(answer.status), isThere ? good : "404", `${method} ${path} ${await answer.clone().text()}`);
    const body = await conforms(path, method, answer);
    if (path.startsWith("/api/") && path !== "/api/rpc" && path !== "/api/batch" && !path.endsWith("openapi.json")) {
      assert.ok("result" in body, `${path} ${JSON.stringify(body)}`);
    }
    asked++;
  }
  assert.ok(asked > 30, `${asked} operations`);
});

test("[OA11] what is refused is within the document's shape, too", { timeout: 60_000 }, async () => {
  for (const [path, method] of everyOperation()) {
    const bad = { "x-api-key": "wrong", cookie: "", "x-fleetcast-csrf": "" };
    if (path !== "/v1/session" || method === "delete") {
      const refused = await ask(path, method, { headers: bad });
      assert.equal(refused.status, 401, path);
      await conforms(path, method, refused);
    }
    if (document.paths[path][method].requestBody === undefined) continue;
    for (const body of ["", "[]", "{", '"x"', "x".repeat(1_048_577)]) {
      const answer = await ask(path, method, { body });
      assert.ok(answer.status === 400 || answer.status === 413, `${path} ${body.slice(0, 9)} ${answer.status}`);
      await conforms(path, method, answer);
    }
  }
});

test("[OA12] in transport mode errors are the statuses that the document tells", { timeout: 60_000 }, async () => {
  const mode = { "x-centrifugo-error-mode": "transport" };
  for (const path of Object.keys(document.paths).filter((name) => /^\/api\/\w+$/.test(name) && name !== "/api/batch")) {
    const channel = JSON.stringify({ channel: "nowhere:x", key: "k", data: 1, channels: [], method: "x", user: "u" });
    for (const body of ["{}", channel, '{"pattern":"{"}']) await conforms(path, "post", await ask(path, "post", { headers: mode, body }));
  }
});

test("[OA13] every parameter has the bounds that the document tells", { timeout: 60_000 }, async () => {
  let bounds = 0;
  for (const [path, method] of everyOperation()) {
    for (const { name, in: place, schema } of document.paths[path][method].parameters ?? []) {
      if (place !== "query" || name === "lang") continue;
      const outside =
        schema.type === "integer"
          ? [schema.minimum - 1, ...(schema.maximum < Number.MAX_SAFE_INTEGER ? [schema.maximum + 1] : []), "x"]
          : [schema.maxLength === undefined ? "%00" : "x".repeat(schema.maxLength + 1)];
      for (const value of outside) {
        const answer = await ask(path, method, { query: `?${name}=${value}` });
        const body = await conforms(path, method, answer);
        assert.deepEqual([answer.status, body.field], [400, name], `${path} ${name}=${value}`);
        bounds++;
      }
      for (const value of schema.type === "integer" ? [schema.minimum, schema.maximum] : (schema.enum ?? [])) {
        // A range that ends before it begins is another refusal.
        if (name === "from_ms" || name === "to_ms") continue;
        assert.equal((await ask(path, method, { query: `?${name}=${value}` })).status, 200, `${path} ${name}=${value}`);
      }
    }
  }
  assert.ok(bounds > 20, `${bounds} bounds`);
});

test("[OA14] every example of the reference pages runs as it stands", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-reference-"));
  try {
    const page = readFileSync(join(root, "docs/reference/api.md"), "utf8").replaceAll('"name":"admin"', `"name":"${userName}"`);
    const examples = [...page.matchAll(/```sh\n(curl [\s\S]*?)\n```/g)].map(([, line]) => line!);
    const chinese = readFileSync(join(root, "docs/reference/api.zh-CN.md"), "utf8");
    assert.equal([...chinese.matchAll(/```sh\ncurl /g)].length, examples.length);
    // Signing out ends what the others need.
    const last = examples.filter((line) => line.includes("-X DELETE"));
    const ordered = [
      ...examples.filter((line) => line.includes("-c session.txt")),
      ...examples.filter((line) => !last.includes(line)),
      ...last,
    ];
    const variables: Record<string, string> = { FLEETCAST: world.fleetcast.base, API_KEY, PASSWORD: world.password };
    for (const line of ordered) {
      const run = new OwnProcess("curl", "bash", ["-euc", `${line} --fail-with-body`], { cwd: folder, env: variables });
      assert.equal(await run.exited, 0, `${line}\n${run.output}`);
      const answer = run.stdout === "" ? {} : JSON.parse(run.stdout);
      if (answer.csrf !== undefined) variables["CSRF"] = answer.csrf;
      if (answer.commands?.length > 0) variables["CMD_ID"] = answer.commands[0].cmd_id;
      if (answer.started_by !== undefined) variables["TRACE_ID"] = answer.id;
      const isRpc = line.includes("/api/rpc");
      assert.equal(answer.error?.code, isRpc ? 104 : undefined, `${line}\n${run.stdout}`);
    }
    assert.ok(ordered.length > 30, `${ordered.length} examples`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
