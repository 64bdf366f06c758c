import type { RealtimeToken } from "@fleetcast/protocol";
import { ownFile } from "../../../runtime/own-files.ts";
import { fileOnce } from "../../file-once.ts";
import { jsonResponse, Problem } from "../../problem.ts";
import type { Peer, Route } from "../../route.ts";
import { dataSecurityHeaders, pageSecurityHeaders } from "../../security.ts";
import type { V1Config, V1Dependencies } from "../dependencies.ts";
import { answering } from "../guard.ts";
import { isLoopback } from "../loopback.ts";
import { realtimeUrl } from "../realtime-routes.ts";
import { tryLanguage, tryPage } from "./try-page.ts";

/** The page gets a new token through the SDK when this one ends. Seconds. */
const tokenTtlS = 300;

/**
 * `/v1/try`: the user's document as a page that runs. It needs no configuration and no login, so it exists only on a
 * machine that talks to itself; everywhere else it is not there. The SDK beside it is for everybody.
 */
export function tryRoutes({ config, signer, log }: Pick<V1Dependencies, "config" | "signer" | "log">): Route[] {
  const local = (path: string, handle: (request: Request) => Response | Promise<Response>): Route => ({
    method: "GET",
    path,
    listener: "external",
    bodyBytesMax: 0,
    handle: answering(log, (request, peer) => {
      if (!isOpenHere(config) || !isFromHere(request, peer)) throw new Problem(404, "no_such_path", "there is nothing at this address");
      return handle(request);
    }),
  });
  const script = fileOnce(ownFile("packages/server/src/http/v1/try/try-client.js"));
  const style = fileOnce(ownFile("packages/server/src/http/v1/try/try-client.css"));
  const sdk = fileOnce(ownFile("node_modules/centrifuge/dist/centrifuge.js"));

  return [
    local("/v1/try", (request) => {
      const page = tryPage(tryLanguage(request.headers.get("accept-language")));
      return new Response(page, { headers: { ...pageHeaders("text/html"), Vary: "Accept-Language" } });
    }),
    local("/v1/try/try.js", async () => new Response((await script()).text, { headers: pageHeaders("text/javascript") })),
    local("/v1/try/try.css", async () => new Response((await style()).text, { headers: pageHeaders("text/css") })),
    local("/v1/try/token", () => {
      // The claims of section 2.1 of the user's document, to the letter; only `exp` is ours.
      const claims = { subject: "admin_user_01", channels: ["public"], info: { role: "manager", name: "管理员" } };
      const answer: RealtimeToken = {
        token: signer.signBearerToken(claims, tokenTtlS).token,
        ttl_s: tokenTtlS,
        url: realtimeUrl(config),
      };
      return jsonResponse(answer);
    }),
    {
      method: "GET",
      path: "/v1/sdk/centrifuge.js",
      listener: "external",
      bodyBytesMax: 0,
      handle: answering(log, async (request) => {
        const { text, etag } = await sdk();
        const headers = { ...sdkHeaders, ETag: etag };
        if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
        return new Response(text, { headers: { ...headers, "Content-Type": "text/javascript; charset=utf-8" } });
      }),
    },
  ];
}

const sdkHeaders = {
  ...dataSecurityHeaders(),
  "Cache-Control": "no-cache",
  // A page of the operator's own, on another port, may load the SDK from here.
  "Cross-Origin-Resource-Policy": "cross-origin",
};

function pageHeaders(type: string): Record<string, string> {
  return { ...pageSecurityHeaders(), "Content-Type": `${type}; charset=utf-8`, "Cache-Control": "no-store" };
}

/**
 * Nothing in the configuration says that anybody but this machine reaches us. An external engine at the page's own
 * address says it: a proxy on this machine then stands in front of both (rule N8).
 */
function isOpenHere({ http, dashboard, push }: V1Config): boolean {
  if (http.address !== "" && !isLoopback(http.address)) return false;
  if (push.engine === "centrifugo" && push.centrifugo.publicUrl === "") return false;
  return !http.tlsInFront && isLocalAddress(dashboard.publicUrl) && isLocalAddress(push.centrifugo.publicUrl);
}

function isLocalAddress(url: string): boolean {
  return url === "" || (URL.canParse(url) && isLocalHost(new URL(url).hostname));
}

const forwardingHeaders = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/**
 * The peer is this machine, speaks for itself (a proxy on this machine speaks for the world), and calls us by a local
 * name (a foreign name that resolves to 127.0.0.1 would let its page read the token).
 */
function isFromHere(request: Request, peer: Peer): boolean {
  if (!isLoopback(peer.remoteAddress)) return false;
  if (forwardingHeaders.some((name) => request.headers.has(name))) return false;
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const host = request.headers.get("host") ?? new URL(request.url).host;
  return URL.canParse(`http://${host}`) && isLocalHost(new URL(`http://${host}`).hostname);
}

function isLocalHost(hostname: string): boolean {
  return hostname === "localhost" || isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"));
}
