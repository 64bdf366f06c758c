import type { Socket, TransportInfo } from "@fleetcast/engine";
import { oneWayJsonCodec } from "@fleetcast/protocol";
import type { Peer } from "../http/route.ts";
import { empty } from "./answers.ts";
import { type ConnectCodeAnswers, decidedStream } from "./decided-stream.ts";
import type { StreamOptions } from "./open-stream.ts";
import type { TransportPorts } from "./ports.ts";
import { headersOf, headerUserOf } from "./request-details.ts";

/** What `uni_sse` and `uni_http_stream` do with a connect request that they have read. */
export function oneWayStream(
  ports: TransportPorts,
  request: Request,
  peer: Peer,
  stream: Pick<StreamOptions, "headers" | "firstText" | "writeTimeoutMs"> & {
    readonly transport: "uni_sse" | "uni_http_stream";
    readonly connect: Uint8Array | string;
    /** For a request that is refused: the headers without those of a stream. */
    readonly refusedHeaders: Headers;
    readonly connectCodes: ConnectCodeAnswers | undefined;
  },
): Response | Promise<Response> {
  const { transport, connect, connectCodes, refusedHeaders } = stream;
  if (oneWayJsonCodec.decode(connect).violation) return empty(400, refusedHeaders);
  const info: TransportInfo = {
    transport,
    protocol: "json",
    oneWay: true,
    emulated: false,
    disconnectPush: true,
    ...(connectCodes === undefined ? {} : { tellsConnectFailures: true }),
    pings: "protocol",
    remoteAddress: peer.remoteAddress,
    headers: headersOf(request, ports.details),
    headerUser: headerUserOf(request, ports.details),
  };
  const start = (socket: Socket) => {
    const input = ports.engine.accept(socket, info);
    input.message(connect);
    return input;
  };
  const options: StreamOptions = { ...stream, request, start };
  return connectCodes === undefined ? ports.openStream(options) : decidedStream(ports.openStream, options, connectCodes, refusedHeaders);
}
