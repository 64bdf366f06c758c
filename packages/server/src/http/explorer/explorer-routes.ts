import type { ApiConfig, EndpointConfig } from "../../config/config.ts";
import type { Logger } from "../../log.ts";
import { ownFile } from "../../runtime/own-files.ts";
import { fileOnce } from "../file-once.ts";
import type { Route } from "../route.ts";
import { pageSecurityHeaders } from "../security.ts";
import { answering } from "../v1/guard.ts";
import { otherMethods } from "../v1/routes.ts";
import { tryLanguage } from "../v1/try/try-page.ts";
import { type ExplorerPlaces, explorerPage } from "./explorer-page.ts";

const here = "packages/server/src/http/explorer";
const swagger = "node_modules/swagger-ui-dist";

/** What the page loads, by its name under the page's path; all of it is part of the program, nothing comes from elsewhere. */
const files = [
  ["explorer.js", `${here}/explorer.js`, "text/javascript"],
  ["explorer.css", `${here}/explorer.css`, "text/css"],
  ["swagger-ui.js", `${swagger}/swagger-ui-bundle.js`, "text/javascript"],
  ["swagger-ui.css", `${swagger}/swagger-ui.css`, "text/css"],
] as const;

/** The files above, for whoever packs the program. */
export const explorerFiles: readonly string[] = files.map(([, file]) => file);

/**
 * `/v1/explorer`, beside the dashboard: reads like a page of it, and calls `/v1` with the dashboard's session. With `swagger.enabled`
 * the same page also stands at `swagger.handler_prefix`, where Centrifugo has its own, on the listener of the server API. The page
 * is open and empty; the document that fills it asks for a session or the key.
 */
export function createExplorerRoutes({
  api,
  swagger,
  log,
}: {
  readonly api: ApiConfig;
  readonly swagger: EndpointConfig;
  readonly log: Logger;
}): Route[] {
  const apiPrefix = api.handlerPrefix === "/" ? "" : api.handlerPrefix;
  const keyDocument = api.disabled ? undefined : `${apiPrefix}/openapi.json`;
  const contents = files.map(([name, file, type]) => ({ name, type, read: fileOnce(ownFile(file)) }));
  const at = (base: string, listener: Route["listener"]): Route[] => {
    const places: ExplorerPlaces = { base, keyDocument };
    const get = (path: string, handle: (request: Request) => Response | Promise<Response>): Route => ({
      method: "GET",
      path,
      listener,
      bodyBytesMax: 0,
      handle: answering(log, handle),
    });
    const page = (request: Request) =>
      new Response(explorerPage(tryLanguage(request.headers.get("accept-language")), places), {
        headers: { ...headersOf("text/html"), Vary: "Accept-Language" },
      });
    return [
      get(base, page),
      get(`${base}/`, page),
      ...contents.map(({ name, type, read }) =>
        get(`${base}/${name}`, async (request) => {
          const { text, etag } = await read();
          const headers = { ...headersOf(type), ETag: etag };
          if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
          return new Response(text, { headers });
        }),
      ),
    ];
  };
  const own = at("/v1/explorer", "external");
  const swaggerBase = swagger.handlerPrefix.replace(/\/+$/, "");
  return [...own, ...otherMethods(own, log), ...(swagger.enabled ? at(swaggerBase, api.external ? "external" : "internal") : [])];
}

function headersOf(type: string): Record<string, string> {
  return { ...pageSecurityHeaders(), "Content-Type": `${type}; charset=utf-8`, "Cache-Control": "no-cache" };
}
