import type { TransportInfo } from "@fleetcast/engine";
import { corsHeaders } from "./cors.ts";
import type { OriginRule } from "./origin.ts";

/** What a request to a WebSocket's path is: something to upgrade, or an answer. */
export type UpgradeDecision =
  | {
      readonly kind: "upgrade";
      /** Beside the handshake's own; undefined: none. */
      readonly headers: Record<string, string> | undefined;
      readonly info: TransportInfo;
      /** One-way: the connect request, where it came with the upgrade. */
      readonly connect?: string | undefined;
    }
  | { readonly kind: "answer"; readonly response: Response };

/**
 * Judges the handshake (RFC 6455, 4.2.1; reliability W6), in the order of Centrifugo's checks. undefined: nothing speaks
 * against it.
 */
export function refusedHandshake(request: Request, origin: OriginRule): Response | undefined {
  const tokens = (name: string): readonly string[] => tokensOf(request, name).map((token) => token.toLowerCase());
  if (!tokens("connection").includes("upgrade") || !tokens("upgrade").includes("websocket")) return refusal(request, origin, 400);
  if (request.method !== "GET") return refusal(request, origin, 405);
  // Bun upgrades no list of versions.
  if (request.headers.get("sec-websocket-version") !== "13") return refusal(request, origin, 400);
  if (!/^[A-Za-z0-9+/]{22}==$/.test(request.headers.get("sec-websocket-key") ?? "")) return refusal(request, origin, 400);
  if (!origin(request.headers.get("origin"), request.headers.get("host"))) return refusal(request, origin, 403);
  return undefined;
}

/** The words of a header that is a list, over all its lines. */
export function tokensOf(request: Request, name: string): readonly string[] {
  const value = request.headers.get(name);
  return value === null ? [] : value.split(",").map((word) => word.trim());
}

const texts = { 400: "Bad Request", 403: "Forbidden", 405: "Method Not Allowed" } as const;

function refusal(request: Request, origin: OriginRule, status: keyof typeof texts): Response {
  return plainText(status, `${texts[status]}\n`, corsHeaders(request, origin));
}

/** An answer as Go's `http.Error` writes it; the version is what a client of another one looks for. */
export function plainText(status: number, text: string, headers: Headers, versionIsNamed = true): Response {
  headers.set("Content-Type", "text/plain; charset=utf-8");
  headers.set("X-Content-Type-Options", "nosniff");
  if (versionIsNamed) headers.set("Sec-WebSocket-Version", "13");
  return new Response(text, { status, headers });
}
