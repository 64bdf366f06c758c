import { decodeJsonEmulation, decodeProtobufEmulation, emulatedFrame, jsonCodec, protobufCodec } from "@fleetcast/protocol";
import type { Route } from "../http/route.ts";
import { empty, refusedBody } from "./answers.ts";
import { atDoor, readBody } from "./body.ts";
import { corsHeaders, preflight } from "./cors.ts";
import type { Endpoint, TransportPorts } from "./ports.ts";
import { contentTypes } from "./stream-headers.ts";

/**
 * Takes the commands of clients whose transport only tells (http_stream, SSE). 204 once they were worked on, and also where
 * there is no such session: a client must not learn whose sessions exist. 404 only for a node that is not this one.
 */
export function emulationRoute(ports: Pick<TransportPorts, "engine" | "clock" | "origin">, { path, bodyBytesMax }: Endpoint): Route {
  const { engine } = ports;
  return {
    method: "*",
    path,
    listener: "external",
    bodyBytesMax: atDoor(bodyBytesMax),
    handle: async (request) => {
      const headers = corsHeaders(request, ports.origin);
      if (request.method === "OPTIONS") return preflight(headers);
      if (request.method !== "POST") return empty(405, headers);
      const body = await readBody(request, bodyBytesMax, ports.clock);
      if (body.kind !== "whole") return refusedBody(body, headers);
      const isProtobuf = request.headers.get("content-type") === contentTypes.protobuf;
      const emulated = isProtobuf ? decodeProtobufEmulation(body.bytes) : decodeJsonEmulation(body.bytes);
      if (emulated === undefined) return empty(400, headers);
      if (emulated.node !== engine.nodeId) return empty(404, headers);
      const frame = emulatedFrame(isProtobuf ? protobufCodec : jsonCodec, emulated.data);
      // Data of another kind is heard by nobody, and nobody is told.
      if (frame !== undefined) await engine.emulate(emulated.session, frame);
      return empty(204, headers);
    },
  };
}
