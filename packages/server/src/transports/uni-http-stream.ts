import type { Route } from "../http/route.ts";
import { empty, refusedBody } from "./answers.ts";
import { atDoor, readBody } from "./body.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { oneWayStream } from "./one-way-stream.ts";
import type { OneWayEndpoint, TransportPorts } from "./ports.ts";
import { contentTypes, streamHeaders, streamWriteTimeoutMs } from "./stream-headers.ts";

/** HTTP streaming that only tells: the connect request in the body of a POST. */
export function uniHttpStreamRoute(ports: TransportPorts, { path, bodyBytesMax, connectCodes }: OneWayEndpoint): Route {
  return {
    method: "*",
    path,
    listener: "external",
    bodyBytesMax: atDoor(bodyBytesMax),
    handle: async (request, peer) => {
      if (!ports.gate.lets()) return empty(503);
      const headers = corsHeaders(request, ports.origin);
      if (request.method === "OPTIONS") return preflight(headers);
      if (request.method !== "POST") return empty(405, headers);
      const body = await readBody(request, bodyBytesMax, ports.clock);
      if (body.kind !== "whole") return refusedBody(body, headers);
      return oneWayStream(ports, request, peer, {
        transport: "uni_http_stream",
        connect: body.bytes,
        connectCodes,
        refusedHeaders: headers,
        headers: streamHeaders(new Headers(headers), contentTypes.json),
        firstText: "",
        writeTimeoutMs: streamWriteTimeoutMs,
      });
    },
  };
}
