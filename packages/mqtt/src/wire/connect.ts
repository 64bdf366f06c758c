import { FieldReader } from "./field-reader.ts";
import { ConnackCode } from "./packet-type.ts";
import { topicFault } from "./text.ts";

/** CONNECT, judged once at the door. What is inside is then valid; what is not becomes a CONNACK code or a closed socket. */

export interface ConnectRequest {
  /** 3: MQTT 3.1 (`MQIsdp`), 4: MQTT 3.1.1. */
  readonly level: 3 | 4;
  readonly clean: boolean;
  readonly keepaliveS: number;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly will: Will | undefined;
}

export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

export type ConnectVerdictOnWire =
  | { readonly kind: "accept"; readonly request: ConnectRequest }
  /** Answered with this code, then closed. */
  | { readonly kind: "refuse"; readonly code: ConnackCode; readonly reason: string }
  /** Closed without an answer: not a CONNECT that MQTT knows. */
  | { readonly kind: "close"; readonly reason: string };

export interface ConnectLimits {
  readonly clientIdBytesMax: number;
  readonly willBytesMax: number;
}

const flag = { reserved: 0x01, clean: 0x02, will: 0x04, willQos: 0x18, willRetain: 0x20, password: 0x40, username: 0x80 } as const;

export function decodeConnect(bytes: Buffer, start: number, end: number, limits: ConnectLimits): ConnectVerdictOnWire {
  const fields = new FieldReader(bytes, start, end);
  const name = fields.text();
  const level = fields.uint8();
  if (level === undefined || (name !== "MQTT" && name !== "MQIsdp")) return close("bad_protocol_name");
  // [MQTT-3.1.2-2]: a level that we do not speak is answered with code 1 before the rest is read, for MQTT 5 has another rest.
  if (name === "MQTT" && level === 5) return refuse(ConnackCode.badProtocolVersion, "mqtt_5");
  if (!((name === "MQTT" && level === 4) || (name === "MQIsdp" && level === 3))) {
    return refuse(ConnackCode.badProtocolVersion, "bad_protocol_level");
  }
  const flags = fields.uint8();
  const keepaliveS = fields.uint16();
  if (flags === undefined || keepaliveS === undefined) return close("short_connect");
  const flagsFault = connectFlagsFault(flags);
  if (flagsFault !== undefined) return close(flagsFault);

  const idRange = fields.range();
  if (idRange === undefined) return close("short_connect");
  if (idRange.end - idRange.start > limits.clientIdBytesMax) return close("client_id_too_long");
  const clientId = new FieldReader(bytes, idRange.start - 2, idRange.end).text();
  if (clientId === undefined) return close("bad_client_id_text");

  const will = (flags & flag.will) === 0 ? undefined : decodeWill(fields, flags, limits);
  if (typeof will === "string") return close(will);
  let username: string | undefined;
  let password: Uint8Array | undefined;
  if ((flags & flag.username) !== 0) {
    username = fields.text();
    if (username === undefined) return close("bad_user_name_field");
  }
  if ((flags & flag.password) !== 0) {
    password = fields.binary();
    if (password === undefined) return close("short_connect");
  }
  if (!fields.done) return close("surplus_in_connect");

  const clean = (flags & flag.clean) !== 0;
  // [MQTT-3.1.3-8] without an identifier there is no session to keep; MQTT 3.1 always wants one (M8).
  if (clientId === "" && (!clean || level === 3)) return refuse(ConnackCode.identifierRejected, "empty_client_id");
  return { kind: "accept", request: { level, clean, keepaliveS, clientId, username, password, will } };
}

function connectFlagsFault(flags: number): string | undefined {
  if ((flags & flag.reserved) !== 0) return "reserved_connect_flag";
  const willQos = (flags & flag.willQos) >> 3;
  if ((flags & flag.will) === 0 && (willQos !== 0 || (flags & flag.willRetain) !== 0)) return "will_flags_without_will";
  if (willQos === 3) return "will_qos_3";
  if ((flags & flag.password) !== 0 && (flags & flag.username) === 0) return "password_without_user_name";
  return undefined;
}

function decodeWill(fields: FieldReader, flags: number, limits: ConnectLimits): Will | string {
  const topicRange = fields.range();
  if (topicRange === undefined) return "short_connect";
  const fault = topicFault(fields.bytes, topicRange.start, topicRange.end);
  if (fault !== undefined) return `will_${fault}`;
  const topic = new FieldReader(fields.bytes, topicRange.start - 2, topicRange.end).text();
  if (topic === undefined) return "will_bad_topic_text";
  if (topic.startsWith("$")) return "will_dollar_topic";
  const payload = fields.binary();
  if (payload === undefined) return "short_connect";
  if (payload.length > limits.willBytesMax) return "will_too_large";
  return { topic, payload, qos: ((flags & flag.willQos) >> 3) as 0 | 1 | 2, retain: (flags & flag.willRetain) !== 0 };
}

function close(reason: string): ConnectVerdictOnWire {
  return { kind: "close", reason };
}

function refuse(code: ConnackCode, reason: string): ConnectVerdictOnWire {
  return { kind: "refuse", code, reason };
}
