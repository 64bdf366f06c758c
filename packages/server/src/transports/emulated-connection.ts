import type { Socket, TransportInfo } from "@fleetcast/engine";
import type { Peer } from "../http/route.ts";
import type { StreamOptions } from "./open-stream.ts";
import type { TransportPorts } from "./ports.ts";
import { headersOf, headerUserOf } from "./request-details.ts";

/** A stream whose client sends its commands by `/emulation`; the first ones came with the request. */
export function emulatedConnection(
  { engine, details }: TransportPorts,
  request: Request,
  peer: Peer,
  {
    transport,
    protocol,
    commands,
  }: { readonly transport: "http_stream" | "sse"; readonly protocol: "json" | "protobuf"; readonly commands: Uint8Array | string },
): StreamOptions["start"] {
  const info: TransportInfo = {
    transport,
    protocol,
    oneWay: false,
    emulated: true,
    disconnectPush: true,
    pings: "protocol",
    remoteAddress: peer.remoteAddress,
    headers: headersOf(request, details),
    headerUser: headerUserOf(request, details),
  };
  return (socket: Socket) => {
    const input = engine.accept(socket, info);
    input.message(commands);
    return input;
  };
}
