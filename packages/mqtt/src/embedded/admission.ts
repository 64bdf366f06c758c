import { PacketType } from "../wire/packet-type.ts";
import type { EmbeddedLimits } from "./limits.ts";

/**
 * What a fixed header alone decides: type, reserved flags [MQTT-2.2.2-2] and declared size, before any byte of the body
 * is kept (D3, M1, M2, M14). Answers why the socket must be closed, or undefined.
 */
export function headerFault(first: number, lengthBytes: number, connected: boolean, limits: EmbeddedLimits): string | undefined {
  const type = first >> 4;
  const flags = first & 0x0f;
  if (!connected) {
    if (type !== PacketType.connect) return "not_connect_first";
    if (flags !== 0) return "reserved_flags";
    return lengthBytes > limits.connectBytesMax ? "connect_too_large" : undefined;
  }
  switch (type) {
    case PacketType.publish:
      if ((flags & 0x06) === 0x06) return "qos_3";
      return lengthBytes > limits.packetBytesMax ? "packet_too_large" : undefined;
    case PacketType.subscribe:
    case PacketType.unsubscribe:
      if (flags !== 2) return "reserved_flags";
      return lengthBytes > limits.packetBytesMax ? "packet_too_large" : undefined;
    case PacketType.pubrel:
      return flags === 2 ? smallFault(lengthBytes) : "reserved_flags";
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubcomp:
    case PacketType.pingreq:
    case PacketType.disconnect:
      return flags === 0 ? smallFault(lengthBytes) : "reserved_flags";
    case PacketType.connect:
      return "second_connect";
    default:
      return "reserved_type";
  }
}

/** These carry two bytes at most; a few surplus ones are tolerated and counted like Mosquitto does (M15). */
const smallBytesMax = 16;

function smallFault(lengthBytes: number): string | undefined {
  return lengthBytes > smallBytesMax ? "packet_too_large" : undefined;
}
