import type { Route } from "../http/route.ts";
import { empty, refusedBody } from "./answers.ts";
import { atDoor, readBody } from "./body.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { emulatedConnection } from "./emulated-connection.ts";
import type { Endpoint, TransportPorts } from "./ports.ts";
import { contentTypes, streamHeaders, streamWriteTimeoutMs } from "./stream-headers.ts";

/** HTTP streaming: commands in the body of a POST, replies and pushes in an answer that does not end. */
export function httpStreamRoute(ports: TransportPorts, { path, bodyBytesMax }: Endpoint): Route {
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
      const protocol = request.headers.get("content-type") === contentTypes.protobuf ? "protobuf" : "json";
      return ports.openStream({
        request,
        headers: streamHeaders(headers, contentTypes[protocol]),
        firstText: "",
        writeTimeoutMs: streamWriteTimeoutMs,
        start: emulatedConnection(ports, request, peer, { transport: "http_stream", protocol, commands: body.bytes }),
      });
    },
  };
}
