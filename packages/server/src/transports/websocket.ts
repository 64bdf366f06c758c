import { empty } from "./answers.ts";
import type { TransportPorts } from "./ports.ts";
import { queryValue } from "./query-value.ts";
import { headersOf, headerUserOf } from "./request-details.ts";
import { refusedHandshake, tokensOf, type UpgradeDecision } from "./upgrade.ts";

const subprotocols = ["centrifuge-json", "centrifuge-protobuf"];

/**
 * A WebSocket in both directions. The subprotocol is the first of the client's that we know, others are ignored and no header
 * is answered (W7); the query can ask for Protobuf, too, whatever the subprotocol says, and for ping frames instead of the
 * protocol's pings.
 */
export function decideWebSocket(
  ports: Pick<TransportPorts, "gate" | "origin" | "details">,
  request: Request,
  remoteAddress: string,
): UpgradeDecision {
  if (!ports.gate.lets()) return { kind: "answer", response: empty(503) };
  const refused = refusedHandshake(request, ports.origin);
  if (refused !== undefined) return { kind: "answer", response: refused };
  const { url } = request;
  const query = (name: string): string | undefined => queryValue(url, name);
  const offered = tokensOf(request, "sec-websocket-protocol");
  const subprotocol = offered.find((word) => subprotocols.includes(word));
  const asked = subprotocol === "centrifuge-protobuf" || query("format") === "protobuf" || query("cf_protocol") === "protobuf";
  return {
    kind: "upgrade",
    // Without this Bun answers the client's first word, known or not; an empty one sends no header.
    headers: offered.length === 0 ? undefined : { "Sec-WebSocket-Protocol": subprotocol ?? "" },
    info: {
      transport: "websocket",
      protocol: asked ? "protobuf" : "json",
      oneWay: false,
      emulated: false,
      disconnectPush: false,
      pings: query("cf_ws_frame_ping_pong") === "true" ? "native" : "protocol",
      remoteAddress,
      headers: headersOf(request, ports.details),
      headerUser: headerUserOf(request, ports.details),
    },
  };
}
