import type { OriginRule } from "./origin.ts";

/** What a request to the WebSocket path is: something to upgrade, or an answer. */
export type UpgradeDecision =
  | { readonly kind: "upgrade"; readonly headers: Record<string, string> }
  | { readonly kind: "refuse"; readonly status: 400 | 403 | 405; readonly text: string };

const subprotocols = ["centrifuge-json", "centrifuge-protobuf"];
const protobufText = "this server speaks JSON on WebSocket; Protobuf is not there yet";

/**
 * Judges a request to the WebSocket path (reliability W6, W7; centrifugo-v6 1.2). The subprotocol is the first of the
 * client's that we know; unknown ones are ignored and no header is answered.
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
  const protocol = words("sec-websocket-protocol").find((word) => subprotocols.includes(word));
  if (protocol === "centrifuge-protobuf" || query.get("format") === "protobuf" || query.get("cf_protocol") === "protobuf") {
    return { kind: "refuse", status: 400, text: protobufText };
  }
  // Without this Bun answers the client's first word, known or not; an empty one sends no header.
  return { kind: "upgrade", headers: { "Sec-WebSocket-Protocol": protocol ?? "" } };
}
