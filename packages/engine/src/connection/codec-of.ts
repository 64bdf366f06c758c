import { type Codec, jsonCodec, oneWayJsonCodec } from "@fleetcast/protocol";
import type { TransportInfo } from "../transport.ts";

/** The wire format that a transport speaks. */
export function codecOf(transport: TransportInfo): Codec {
  return transport.oneWay ? oneWayJsonCodec : jsonCodec;
}
