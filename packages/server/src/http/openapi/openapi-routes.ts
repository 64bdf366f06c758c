import type { ApiConfig } from "../../config/config.ts";
import { createKeyCheck } from "../api/api-key.ts";
import { jsonResponse } from "../problem.ts";
import type { Route } from "../route.ts";
import type { V1Dependencies } from "../v1/dependencies.ts";
import { signedIn } from "../v1/guard.ts";
import { v1Operation } from "../v1/operations.ts";
import { otherMethods } from "../v1/routes.ts";
import { tryLanguage } from "../v1/try/try-page.ts";
import { type Language, openApiDocument } from "./document.ts";
import type { Operation } from "./operation.ts";

/**
 * The OpenAPI document, one for the server API and `/v1` together, at two doors: `<prefix>/openapi.json` for whoever has the API
 * key, `/v1/openapi.json` for whoever is signed in. It holds no secret, but who may call neither API has no use for a list of
 * all there is to try; so it is as closed as what it describes, and moves with it to the internal port.
 */
export function createOpenApiRoutes(
  routes: readonly Route[],
  { api, v1 }: { readonly api: ApiConfig; readonly v1: V1Dependencies },
): Route[] {
  const prefix = api.handlerPrefix === "/" ? "" : api.handlerPrefix;
  const operations = [...routes.flatMap((route) => route.operations ?? []), ...(api.disabled ? [] : [byKey(prefix)]), bySession];
  const kept = new Map<Language, unknown>();
  const answer = (request: Request): Response => {
    const language = languageOf(request);
    if (!kept.has(language)) kept.set(language, openApiDocument(operations, language));
    return jsonResponse(kept.get(language), { headers: { Vary: "Accept-Language" } });
  };

  const session: Route = {
    method: "GET",
    path: bySession.path,
    listener: "external",
    bodyBytesMax: 0,
    operations: [bySession],
    handle: signedIn(v1, undefined, ({ request }) => answer(request)),
  };
  const forSession = [session, ...otherMethods([session], v1.log)];
  if (api.disabled) return forSession;
  const hasKey = createKeyCheck(api);
  const key: Route = {
    method: "*",
    path: byKey(prefix).path,
    listener: api.external ? "external" : "internal",
    bodyBytesMax: 0,
    operations: [byKey(prefix)],
    handle(request) {
      if (request.method !== "GET" && request.method !== "HEAD")
        return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
      return hasKey(request) ? answer(request) : new Response(null, { status: 401 });
    },
  };
  return [...forSession, key];
}

const summary = { en: "Answers this document", zh: "返回本文档" };
const ok = { en: "The OpenAPI document", zh: "OpenAPI 文档" };
const language = {
  name: "lang",
  in: "query",
  shape: { type: "string", enum: ["en", "zh-CN"] },
  text: { en: "Its language; otherwise that of `Accept-Language`.", zh: "文档语言；不给则依 `Accept-Language`。" },
} as const;

const bySession: Operation = v1Operation({
  id: "openApi",
  method: "GET",
  path: "/v1/openapi.json",
  tag: "system",
  summary,
  access: "session",
  parameters: [language],
  answer: { type: "object", required: ["openapi"] },
  ok,
});

function byKey(prefix: string): Operation {
  return {
    id: "openApiOfServer",
    method: "GET",
    path: `${prefix}/openapi.json`,
    tag: "server",
    summary,
    access: "api_key",
    parameters: [language],
    answers: [
      { status: 200, text: ok, bodies: { "application/json": { type: "object", required: ["openapi"] } } },
      { status: 401, text: { en: "No key, or a wrong one", zh: "没有密钥或密钥错误" } },
    ],
  };
}

function languageOf(request: Request): Language {
  const asked = new URL(request.url).searchParams.get("lang");
  return tryLanguage(asked ?? request.headers.get("accept-language")) === "zh-CN" ? "zh" : "en";
}
