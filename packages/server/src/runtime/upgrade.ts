import type { OriginRule } from "./origin.ts";

/** What a request to the WebSocket path is: something to upgrade, or an answer. */
export type UpgradeDecision =
  | { readonly kind: "upgrade"; readonly protocol: "json" | "protobuf"; readonly headers: Record<string, string> }
  | { readonly kind: "refuse"; readonly status: 400 | 403 | 405; readonly text: string };

const subprotocols = ["centrifuge-json", "centrifuge-protobuf"];

/**
 * Judges a request to the WebSocket path (reliability W6, W7; centrifugo-v6 1.2). The subprotocol is the first of the
 * client's that we know; unknown ones are ignored and no header is answered. The query can ask for Protobuf, too, whatever
 * the subprotocol says.
 */
export function decideUpgrade(request: Request, origin: OriginRule): UpgradeDecision {
  if (request.method !== "GET") return { kind: "refuse", status: 405, text: "Method Not Allowed" };
  const header = (name: string): string => request.headers.get(name) ?? "";
  const words = (name: string): string[] =>
    header(name)
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
  const lower = (name: string): string[] => words(name).map((word) => word.toLowerCase());
  const isUpgrade = lower("upgrade").includes("websocket") && lower("connection").includes("upgrade");
  const hasKey = /^[A-Za-z0-9+/]{22}==$/.test(header("sec-websocket-key"));
  if (!isUpgrade || header("sec-websocket-version") !== "13" || !hasKey) return { kind: "refuse", status: 400, text: "Bad Request" };
  if (!origin(request.headers.get("origin"), request.headers.get("host"))) return { kind: "refuse", status: 403, text: "Forbidden" };
  const query = new URL(request.url).searchParams;
  const subprotocol = words("sec-websocket-protocol").find((word) => subprotocols.includes(word));
  const asked = subprotocol === "centrifuge-protobuf" || query.get("format") === "protobuf" || query.get("cf_protocol") === "protobuf";
  // Without this Bun answers the client's first word, known or not; an empty one sends no header.
  return { kind: "upgrade", protocol: asked ? "protobuf" : "json", headers: { "Sec-WebSocket-Protocol": subprotocol ?? "" } };
}
