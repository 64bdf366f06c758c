import { oneWayJsonCodec } from "@fleetcast/protocol";
import { empty } from "./answers.ts";
import { corsHeaders } from "./cors.ts";
import type { TransportPorts } from "./ports.ts";
import { queryValue } from "./query-value.ts";
import { headersOf, headerUserOf } from "./request-details.ts";
import type { UniWebSocketOptions } from "./transport-options.ts";
import { plainText, refusedHandshake, type UpgradeDecision } from "./upgrade.ts";

/** A WebSocket that only listens: its connect request is in the query, or its first message. */
export function decideUniWebSocket(
  ports: Pick<TransportPorts, "gate" | "origin" | "details">,
  { joinPushMessages, disableDisconnectPush }: UniWebSocketOptions,
  request: Request,
  remoteAddress: string,
): UpgradeDecision {
  if (!ports.gate.lets()) return { kind: "answer", response: empty(503) };
  const connect = queryValue(request.url, "cf_connect") || undefined;
  if (connect !== undefined && oneWayJsonCodec.decode(connect).violation) {
    const headers = corsHeaders(request, ports.origin);
    return { kind: "answer", response: plainText(400, "invalid connect request\n", headers, false) };
  }
  const refused = refusedHandshake(request, ports.origin);
  if (refused !== undefined) return { kind: "answer", response: refused };
  return {
    kind: "upgrade",
    headers: { "Sec-WebSocket-Protocol": "" },
    connect,
    info: {
      transport: "uni_websocket",
      protocol: "json",
      oneWay: true,
      emulated: false,
      disconnectPush: !disableDisconnectPush,
      pings: "protocol",
      joinsMessages: joinPushMessages,
      remoteAddress,
      headers: headersOf(request, ports.details),
      headerUser: headerUserOf(request, ports.details),
    },
  };
}
