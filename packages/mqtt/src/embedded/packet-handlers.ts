import type { ISubscription } from "mqtt-packet";
import { PacketType, pingrespBytes } from "../wire/packet-type.ts";
import { decodeFilters, type RequestedFilter } from "../wire/subscribe.ts";
import type { Attached, DeviceConnection } from "./device-connection.ts";
import { Hold } from "./hold.ts";

const subackFailure = 0x80;

/** Every packet but PUBLISH, after the fixed header passed. One switch, one function each. */
export function handlePacket(
  connection: DeviceConnection,
  attached: Attached,
  first: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  switch (first >> 4) {
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      handleConfirmation(connection, attached, first >> 4, bytes, start, end);
      break;
    case PacketType.subscribe:
      handleSubscribe(connection, attached, bytes, start, end);
      break;
    case PacketType.unsubscribe:
      handleUnsubscribe(connection, attached, bytes, start, end);
      break;
    case PacketType.pingreq:
      if (end !== start) connection.context.counters.tolerate("surplus_in_pingreq");
      connection.writeToSocket(pingrespBytes);
      break;
    case PacketType.disconnect:
      if (end === start) connection.disconnected();
      else connection.refuse("surplus_in_disconnect");
      break;
    default:
      // The fixed header was judged before: nothing else arrives here.
      connection.refuse("reserved_type");
  }
}

/**
 * Subscriptions go to aedes one packet at a time and only with what is allowed: it would keep the refused filters of a
 * packet in a session's store, and answer fewer codes than filters where one is named twice. SUBACK is ours: one code a
 * filter, in order [MQTT-3.9.3-1]; QoS 2 is granted as 1, for deliveries with QoS 2 are not promised (D5).
 */
function handleSubscribe(connection: DeviceConnection, attached: Attached, bytes: Buffer, start: number, end: number): void {
  const { context } = connection;
  const request = decodeFilters(bytes, start, end, true, context.limits.filtersPerPacketMax);
  if (request.kind === "close") {
    connection.refuse(request.reason);
    return;
  }
  const { codes, allowed } = authorise(connection, attached, request.filters);
  const suback = Buffer.from([PacketType.suback << 4, 2 + codes.length, request.packetId >> 8, request.packetId & 0xff, ...codes]);
  if (allowed.length === 0) {
    connection.writeToSocket(suback);
    return;
  }
  const { machine } = attached;
  const command = context.layout.build("cmd", machine.vmId);
  if (allowed.some(({ topic }) => topic !== command)) machine.listensToItself = true;
  connection.hold(Hold.subscribing);
  attached.client.subscribe(allowed, (error) => {
    if (error) {
      connection.refuse("subscribe_failed");
      return;
    }
    connection.writeToSocket(suback);
    connection.release(Hold.subscribing);
  });
}

function authorise(
  connection: DeviceConnection,
  attached: Attached,
  filters: readonly RequestedFilter[],
): { readonly codes: readonly number[]; readonly allowed: ISubscription[] } {
  const { layout, limits } = connection.context;
  const known = (attached.client as unknown as { subscriptions: Readonly<Record<string, unknown>> }).subscriptions;
  const allowed = new Map<string, ISubscription>();
  let room = limits.subscriptionsPerSessionMax - Object.keys(known).length;
  const codes = filters.map(({ filter, qos }) => {
    const isNew = !(filter in known) && !allowed.has(filter);
    if (!layout.maySubscribe(attached.machine.vmId, filter) || (isNew && room <= 0)) {
      connection.context.counters.tolerate("subscription_refused");
      return subackFailure;
    }
    if (isNew) room--;
    const granted = qos === 0 ? 0 : 1;
    allowed.set(filter, { topic: filter, qos: granted });
    return granted;
  });
  return { codes, allowed: [...allowed.values()] };
}

/** Like SUBSCRIBE one at a time; the store is told here, because aedes removes kept filters only for packets that it parsed itself. */
function handleUnsubscribe(connection: DeviceConnection, attached: Attached, bytes: Buffer, start: number, end: number): void {
  const { sessions, limits } = connection.context;
  const request = decodeFilters(bytes, start, end, false, limits.filtersPerPacketMax);
  if (request.kind === "close") {
    connection.refuse(request.reason);
    return;
  }
  const filters = request.filters.map(({ filter }) => filter);
  sessions.unsubscribe(attached.internalId, filters);
  connection.hold(Hold.subscribing);
  attached.client.unsubscribe(filters as unknown as ISubscription[], () => {
    connection.writeToSocket(Buffer.from([PacketType.unsuback << 4, 2, request.packetId >> 8, request.packetId & 0xff]));
    connection.release(Hold.subscribing);
  });
}

function handleConfirmation(
  connection: DeviceConnection,
  attached: Attached,
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  const packetId = end - start < 2 ? undefined : bytes.readUInt16BE(start);
  if (packetId === undefined) connection.refuse("short_packet");
  else if (packetId === 0) connection.refuse("packet_id_0");
  // A delivery arrived and leaves the session's queue; for one that we never sent there is nothing there (M15).
  else if (type === PacketType.puback) connection.context.sessions.acknowledge(attached.internalId, packetId);
  else if (type === PacketType.pubrel) connection.inbound.release(attached, packetId);
  // PUBREC and PUBCOMP answer QoS 2 deliveries, and we never send one (M15).
  else connection.context.counters.tolerate("unasked_confirmation");
}
