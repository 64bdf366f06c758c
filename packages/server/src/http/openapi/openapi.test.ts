import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { ApiConfig } from "../../config/config.ts";
import type { PushEngine } from "../../push/push-engine.ts";
import { createRouter } from "../../runtime/router.ts";
import { apiOperations } from "../api/api-operations.ts";
import { createApiRoutes } from "../api/api-routes.ts";
import { fieldsOf } from "../api/field-recorder.ts";
import { methodDocs } from "../api/method-docs.ts";
import { methods } from "../api/methods.ts";
import type { Route } from "../route.ts";
import { v1Operations } from "../v1/routes.ts";
import { v1Rig } from "../v1/testing/rig.ts";
import { openApiDocument } from "./document.ts";
import { createOpenApiRoutes } from "./openapi-routes.ts";
import { referencePage } from "./reference-page.ts";

const api: ApiConfig = {
  disabled: false,
  handlerPrefix: "/api",
  key: "the key",
  insecure: false,
  external: false,
  errorMode: "",
  bodyBytesMax: 1_048_576,
};

async function everyRoute(changes: Partial<ApiConfig> = {}) {
  const rig = await v1Rig();
  const config = { ...api, ...changes };
  const apis = [...createApiRoutes({ push: {} as PushEngine, api: config, clock: rig.clock, log: rig.dependencies.log }), ...rig.routes];
  return { rig, routes: [...apis, ...createOpenApiRoutes(apis, { api: config, v1: rig.dependencies })] };
}

type Paths = Record<string, Record<string, { operationId: string; tags: string[] }>>;
const pathsOf = (document: unknown): Paths => (document as { paths: Paths }).paths;

for (const language of ["en", "zh"] as const) {
  test(`[OA1] the document in ${language} is valid OpenAPI 3.1`, async () => {
    const document = openApiDocument([...apiOperations("/api"), ...v1Operations], language);
    const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    assert.ok(valid, JSON.stringify(errors, undefined, 1));
  });
}

/** Pages, their files, and what only says that there is nothing: no operations of an API. */
const noOperations = /^\/v1\/(try|explorer|sdk)\b|\/\*$|^\/v1\/.*:405$/;

test("[OA2] every route of the APIs has its operation, and every operation its route", async () => {
  const { routes } = await everyRoute();
  const router = createRouter(routes, []);
  for (const route of routes) {
    const isOther = route.method === "*" && route.path.startsWith("/v1");
    if (noOperations.test(route.path) || isOther) continue;
    assert.notEqual(route.operations?.length ?? 0, 0, `${route.method} ${route.path} is not in the document`);
  }
  const told = routes.flatMap((route) => (route.operations ?? []).map((operation) => ({ route, operation })));
  for (const { route, operation } of told) {
    const found = router(operation.method, operation.path.replace(/\{\w+\}/g, "x"));
    assert.ok(found.kind === "route" && found.route === route, `${operation.method} ${operation.path} leads elsewhere`);
  }
  const ids = told.map(({ operation }) => operation.id);
  assert.equal(new Set(ids).size, ids.length, "two operations have one id");
  assert.deepEqual(
    ids.filter((id) => !id.startsWith("openApi")).sort(),
    [...apiOperations("/api"), ...v1Operations].map(({ id }) => id).sort(),
    "the reference pages are made from other operations than the document",
  );
});

test("[OA3] each method tells every field that it reads, in both languages, and no other", () => {
  for (const language of ["en", "zh"] as const) {
    const document = JSON.parse(JSON.stringify(openApiDocument(apiOperations("/api"), language)));
    for (const [name, method] of methods) {
      const schema = document.paths[`/api/${name}`].post.requestBody.content["application/json"].schema;
      assert.deepEqual(Object.keys(schema.properties), Object.keys(fieldsOf(method)));
      for (const field of Object.values<{ description: string }>(schema.properties)) assert.ok(field.description.length > 1);
      const doc = methodDocs[name]!;
      for (const field of [...doc.required, ...Object.keys(doc.fields ?? {}), ...Object.keys(doc.example)]) {
        assert.ok(field in schema.properties, `${name} does not read ${field}`);
      }
    }
  }
  assert.deepEqual(Object.keys(methodDocs), [...methods.keys()]);
});

const ask = async (routes: readonly Route[], path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> => {
  const match = createRouter(routes, [])(method, path.split("?")[0]!);
  assert.equal(match.kind, "route");
  if (match.kind !== "route") throw new Error("unreachable");
  const request = new Request(`http://localhost${path}`, { method, headers });
  return match.route.handle(request, { remoteAddress: "127.0.0.1", rest: match.rest, secure: false });
};

test("[OA4] the document is as closed as what it describes: the API key for one door, a session for the other", async () => {
  const { rig, routes } = await everyRoute();
  const asks = (path: string, headers?: Record<string, string>, method?: string) => ask(routes, path, headers, method);
  assert.equal((await asks("/api/openapi.json")).status, 401);
  assert.equal((await asks("/api/openapi.json", { "x-api-key": "other" })).status, 401);
  assert.equal((await asks("/api/openapi.json", {}, "POST")).status, 405);
  assert.equal((await asks("/v1/openapi.json")).status, 401);
  assert.equal((await asks("/v1/openapi.json", { "x-api-key": "the key" })).status, 401);
  const byKey = await (await asks("/api/openapi.json?lang=en", { "x-api-key": "the key" })).json();
  const { cookie } = await rig.signIn("viewer");
  assert.deepEqual(await (await asks("/v1/openapi.json?lang=en", { cookie })).json(), byKey);
  const chinese = await (await asks("/v1/openapi.json", { cookie, "accept-language": "zh-CN,en;q=0.5" })).json();
  assert.notDeepEqual(chinese, byKey);
  assert.deepEqual(Object.keys(pathsOf(chinese)), Object.keys(pathsOf(byKey)));
});

test("[OA5] it moves with the API: another prefix, another port, or no API at all", async () => {
  const { routes } = await everyRoute({ handlerPrefix: "/server", external: true });
  const key = routes.find(({ path }) => path === "/server/openapi.json");
  assert.equal(key?.listener, "external");
  assert.equal((await everyRoute()).routes.find(({ path }) => path === "/api/openapi.json")?.listener, "internal");
  const paths = Object.keys(pathsOf(await (await ask(routes, "/server/openapi.json", { "x-api-key": "the key" })).json()));
  assert.ok(paths.includes("/server") && paths.includes("/server/publish") && !paths.includes("/api"));

  const { rig, routes: without } = await everyRoute({ disabled: true });
  const { cookie } = await rig.signIn("viewer");
  const left = Object.keys(pathsOf(await (await ask(without, "/v1/openapi.json", { cookie })).json()));
  assert.ok(left.length > 5 && left.every((path) => path.startsWith("/v1/")), left.join());
});

test("[OA6] it names neither the program's version nor a secret (S28)", async () => {
  const { routes } = await everyRoute();
  const text = await (await ask(routes, "/api/openapi.json", { "x-api-key": "the key" })).text();
  assert.ok(!text.includes("0.1.0") && !text.includes('the key"') && !text.includes("6.9.6"));
});

for (const [language, name] of [
  ["en", "api.md"],
  ["zh", "api.zh-CN.md"],
] as const) {
  test(`[OA7] docs/reference/${name} is current: bun scripts/generate-docs.ts`, () => {
    const file = new URL(`../../../../../docs/reference/${name}`, import.meta.url);
    assert.equal(readFileSync(file, "utf8"), referencePage(language));
  });
}
