import {
  type Codec,
  jsonCodec,
  jsonEventsCodec,
  jsonLinesCodec,
  oneWayJsonCodec,
  oneWayJsonEventsCodec,
  oneWayJsonLinesCodec,
  oneWaySingleJsonCodec,
} from "@fleetcast/protocol";
import type { TransportInfo } from "../transport.ts";

/** The wire format that a transport speaks, with the framing that it needs. */
export function codecOf({ transport, joinsMessages }: TransportInfo): Codec {
  switch (transport) {
    case "websocket":
      return jsonCodec;
    case "http_stream":
      return jsonLinesCodec;
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
