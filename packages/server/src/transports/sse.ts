import type { Route } from "../http/route.ts";
import { empty, refusedBody } from "./answers.ts";
import { atDoor, readBody } from "./body.ts";
import { corsHeaders } from "./cors.ts";
import { emulatedConnection } from "./emulated-connection.ts";
import type { Endpoint, TransportPorts } from "./ports.ts";
import { queryValue } from "./query-value.ts";
import { contentTypes, eventsFirstText, streamHeaders, streamWriteTimeoutMs } from "./stream-headers.ts";

/** Server-sent events: the first commands in the query of a GET (all that an EventSource can send) or the body of a POST. */
export function sseRoute(ports: TransportPorts, { path, bodyBytesMax }: Endpoint): Route {
  return {
    method: "*",
    path,
    listener: "external",
    bodyBytesMax: atDoor(bodyBytesMax),
    handle: async (request, peer) => {
      if (!ports.gate.lets()) return empty(503);
      const headers = corsHeaders(request, ports.origin);
      let commands: Uint8Array | string;
      if (request.method === "GET") {
        commands = queryValue(request.url, "cf_connect") ?? "";
        if (commands === "") return empty(400, headers);
        // More than a body may have is no command: read as a frame that breaks the rules (3501).
        if (Buffer.byteLength(commands) > bodyBytesMax) commands = "";
      } else if (request.method === "POST") {
        const body = await readBody(request, bodyBytesMax, ports.clock);
        if (body.kind !== "whole") return refusedBody(body, headers);
        commands = body.bytes;
      } else return empty(405, headers);
      return ports.openStream({
        request,
        headers: streamHeaders(headers, contentTypes.events),
        firstText: eventsFirstText,
        writeTimeoutMs: streamWriteTimeoutMs,
        start: emulatedConnection(ports, request, peer, { transport: "sse", protocol: "json", commands }),
      });
    },
  };
}
