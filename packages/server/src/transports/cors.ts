import type { OriginRule } from "./origin.ts";

/**
 * What a browser is told about a page of another origin. A page that may not is not turned away here: without these
 * headers its browser does not show it the answer.
 */
export function corsHeaders(request: Request, origin: OriginRule): Headers {
  const headers = new Headers();
  const asked = request.headers.get("origin");
  if (!origin(asked, request.headers.get("host"))) return headers;
  headers.set("Access-Control-Allow-Origin", asked ?? "");
  const wanted = request.headers.get("access-control-request-headers");
  if (wanted !== null && wanted !== "" && wanted !== "null") headers.set("Access-Control-Allow-Headers", wanted);
  headers.set("Access-Control-Allow-Credentials", "true");
  return headers;
}

/** The answer to OPTIONS, whatever the origin. */
export function preflight(headers: Headers): Response {
  headers.set("Access-Control-Max-Age", "300");
  headers.set("Access-Control-Allow-Methods", "POST, OPTIONS");
  return new Response(null, { status: 204, headers });
}
