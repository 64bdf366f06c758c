import {
  type Codec,
  jsonCodec,
  jsonEventsCodec,
  jsonLinesCodec,
  oneWayJsonCodec,
  oneWayJsonEventsCodec,
  oneWayJsonLinesCodec,
  oneWaySingleJsonCodec,
  protobufCodec,
  protobufStreamCodec,
} from "@fleetcast/protocol";
import type { TransportInfo } from "../transport.ts";

/** The wire format that a transport speaks, with the framing that it needs. */
export function codecOf({ transport, protocol, joinsMessages }: TransportInfo): Codec {
  switch (transport) {
    case "websocket":
      return protocol === "protobuf" ? protobufCodec : jsonCodec;
    case "http_stream":
      return protocol === "protobuf" ? protobufStreamCodec : jsonLinesCodec;
    case "sse":
      return jsonEventsCodec;
    case "uni_websocket":
      return joinsMessages === false ? oneWaySingleJsonCodec : oneWayJsonCodec;
    case "uni_http_stream":
      return oneWayJsonLinesCodec;
    case "uni_sse":
      return oneWayJsonEventsCodec;
  }
}
