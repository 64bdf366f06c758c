/** Control packet types of MQTT 3.1.1, table 2.1: the high nibble of a packet's first byte. */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** CONNACK return codes, table 3.1. */
export const ConnackCode = {
  accepted: 0,
  badProtocolVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badCredentials: 4,
  notAuthorised: 5,
} as const;
export type ConnackCode = (typeof ConnackCode)[keyof typeof ConnackCode];

export function encodeConnack(code: ConnackCode): Buffer {
  return Buffer.from([PacketType.connack << 4, 2, 0, code]);
}

export const pingrespBytes: Buffer = Buffer.from([PacketType.pingresp << 4, 0]);
export const pingreqBytes: Buffer = Buffer.from([PacketType.pingreq << 4, 0]);
export const disconnectBytes: Buffer = Buffer.from([PacketType.disconnect << 4, 0]);
