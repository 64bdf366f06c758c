/** Every bound of the embedded broker. A value beyond one closes that socket, holds that reader, or drops with a count. */
export interface EmbeddedLimits {
  /** Any packet after CONNECT. Bytes after the fixed header. */
  readonly packetBytesMax: number;
  /** The first packet, which must be CONNECT. */
  readonly connectBytesMax: number;
  /** From the accepted socket to the sent CONNACK. */
  readonly connectTimeoutMs: number;
  readonly clientIdBytesMax: number;
  readonly willBytesMax: number;
  /** A client that asks for none (0) or for more is held to this: silence for 1.5 times as long ends it (M18, D5). */
  readonly keepaliveSMax: number;
  readonly connectionsMax: number;
  /** Sockets that are not authenticated yet: all, and from one remote address (F21). */
  readonly pendingConnectionsMax: number;
  readonly pendingPerAddressMax: number;
  /** Live connections of one machine under different client ids; one more ends the oldest. */
  readonly connectionsPerMachineMax: number;
  /** Kept sessions (clean=0): of one machine, and of all; one more forgets the longest unused. */
  readonly sessionsPerMachineMax: number;
  readonly sessionsMax: number;
  /** Taken from one connection and not stored yet; at either bound its socket is not read (I7). */
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  /** QoS 2 packet ids of one session that wait for PUBREL (M21). */
  readonly qos2PendingMax: number;
  readonly filtersPerPacketMax: number;
  readonly subscriptionsPerSessionMax: number;
  /** Bytes towards one device that it does not read; above, it is closed. */
  readonly outboundBytesMax: number;
  /** How long a device that reads nothing may hold a delivery (D4). */
  readonly drainTimeoutMs: number;
  /** Kept for one offline session; the oldest message goes first. */
  readonly queuedMessagesPerSessionMax: number;
  readonly queuedBytesPerSessionMax: number;
  /** Retained messages (F27). */
  readonly retainedPerMachineMax: number;
  readonly retainedBytesPerMachineMax: number;
  readonly retainedBytesMax: number;
  /** Deliveries to subscribers that are under way; above, messages to devices are refused and forwards dropped. */
  readonly deliveriesPendingMax: number;
  /** How long `stop` waits for stores that are still under way. */
  readonly stopLimitMs: number;
}

export const defaultEmbeddedLimits: EmbeddedLimits = {
  packetBytesMax: 262_144,
  connectBytesMax: 16_384,
  connectTimeoutMs: 10_000,
  clientIdBytesMax: 128,
  willBytesMax: 8_192,
  keepaliveSMax: 1_200,
  connectionsMax: 20_000,
  pendingConnectionsMax: 4_096,
  pendingPerAddressMax: 1_024,
  connectionsPerMachineMax: 8,
  sessionsPerMachineMax: 4,
  sessionsMax: 100_000,
  inflightMessagesMax: 1_000,
  inflightBytesMax: 4_194_304,
  qos2PendingMax: 1_000,
  filtersPerPacketMax: 64,
  subscriptionsPerSessionMax: 64,
  outboundBytesMax: 1_048_576,
  drainTimeoutMs: 5_000,
  queuedMessagesPerSessionMax: 256,
  queuedBytesPerSessionMax: 1_048_576,
  retainedPerMachineMax: 16,
  retainedBytesPerMachineMax: 65_536,
  retainedBytesMax: 67_108_864,
  deliveriesPendingMax: 10_000,
  stopLimitMs: 5_000,
};
