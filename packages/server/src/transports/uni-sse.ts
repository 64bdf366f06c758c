import type { Route } from "../http/route.ts";
import { empty, refusedBody } from "./answers.ts";
import { atDoor, readBody } from "./body.ts";
import { corsHeaders } from "./cors.ts";
import { oneWayStream } from "./one-way-stream.ts";
import type { OneWayEndpoint, TransportPorts } from "./ports.ts";
import { queryValue } from "./query-value.ts";
import { contentTypes, eventsFirstText, streamHeaders, streamWriteTimeoutMs } from "./stream-headers.ts";

/** Server-sent events that only tell: the connect request in the query of a GET, an empty one without it, or a POST body. */
export function uniSseRoute(ports: TransportPorts, { path, bodyBytesMax, connectCodes }: OneWayEndpoint): Route {
  return {
    method: "*",
    path,
    listener: "external",
    bodyBytesMax: atDoor(bodyBytesMax),
    handle: async (request, peer) => {
      if (!ports.gate.lets()) return empty(503);
      const headers = corsHeaders(request, ports.origin);
      let connect: Uint8Array | string;
      if (request.method === "GET") {
        connect = queryValue(request.url, "cf_connect") || "{}";
      } else if (request.method === "POST") {
        const body = await readBody(request, bodyBytesMax, ports.clock);
        if (body.kind !== "whole") return refusedBody(body, headers);
        connect = body.bytes;
      } else return empty(405, headers);
      return oneWayStream(ports, request, peer, {
        transport: "uni_sse",
        connect,
        connectCodes,
        refusedHeaders: headers,
        headers: streamHeaders(new Headers(headers), contentTypes.events),
        firstText: eventsFirstText,
        writeTimeoutMs: streamWriteTimeoutMs,
      });
    },
  };
}
