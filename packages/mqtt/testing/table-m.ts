import {
  type ConnectFields,
  connect,
  disconnect,
  field,
  lengthBytes,
  packet,
  pingreq,
  puback,
  publish,
  pubrel,
  subscribe,
} from "./bytes.ts";

/**
 * Table M: what must happen to hand-made bytes. `fleetcast` is our broker's outcome, `mosquitto` the real one's, where it
 * is the oracle; where both are given and differ, `because` says why.
 */
export interface TableRow {
  readonly id: string;
  readonly name: string;
  readonly bytes: readonly Buffer[];
  readonly fleetcast: string;
  readonly mosquitto: string;
  readonly because?: string;
  /** Counted under this reason. */
  readonly reason?: string;
}

const good: ConnectFields = { username: "VM-SH-001", clientId: "VM-SH-001" };
const hello = connect(good);
const topic = "vm/VM-SH-001/telemetry";
const after = (...chunks: Buffer[]): readonly Buffer[] => [hello, Buffer.concat(chunks)];
const longTopic = (levels: number): string => `vm/VM-SH-001/${Array.from({ length: levels - 2 }, () => "a").join("/")}`;

function closing(id: string, name: string, bytes: readonly Buffer[], reason: string, mosquitto?: string, because?: string): TableRow {
  const fleetcast = bytes.length > 1 ? "connack0 close" : "close";
  return { id, name, bytes, fleetcast, mosquitto: mosquitto ?? fleetcast, reason, ...(because === undefined ? {} : { because }) };
}

export const tableM: readonly TableRow[] = [
  closing("M1", "PUBLISH before CONNECT", [publish(topic, "x")], "not_connect_first"),
  closing("M1", "reserved type 0", [Buffer.from([0, 0])], "not_connect_first"),
  closing("M1", "reserved type 15 after CONNECT", after(Buffer.from([0xf0, 0])), "reserved_type"),
  closing("M1", "a length of five bytes", after(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])), "malformed_length"),
  closing("M6", "PUBLISH to a wildcard +", after(publish("vm/+/telemetry", "x")), "wildcard_in_topic"),
  closing("M6", "PUBLISH to a wildcard #", after(publish("vm/VM-SH-001/#", "x")), "wildcard_in_topic"),
  closing("M6", "PUBLISH to an empty topic", after(publish("", "x")), "empty_topic"),
  closing("M6", "a topic of 300 levels", after(publish(longTopic(300), "x")), "topic_too_long"),
  closing("M5", "a topic of 17 levels", after(publish(longTopic(17), "x")), "topic_too_deep", "connack0 alive", "ours: at most 16 levels"),
  closing(
    "M5",
    "a topic of 65,535 bytes",
    after(publish(Buffer.concat([Buffer.from("vm/VM-SH-001/"), Buffer.alloc(65_522, 0x61)]), "x")),
    "topic_too_long",
    "connack0 alive",
    "ours: at most 512 bytes",
  ),
  closing(
    "M5",
    "a client id of 200 bytes",
    [connect({ ...good, clientId: "c".repeat(200) })],
    "client_id_too_long",
    "connack0 alive",
    "ours: at most 128 bytes",
  ),
  closing("M4", "U+0000 in a topic", after(publish("vm/VM-SH-001/a\u0000b", "x")), "bad_topic_text"),
  closing("M4", "U+0001 in a topic", after(publish("vm/VM-SH-001/a\u0001b", "x")), "bad_topic_text"),
  closing("M4", "U+FFFE in a topic", after(publish("vm/VM-SH-001/a\ufffeb", "x")), "bad_topic_text"),
  closing("M4", "U+0000 in the client id", [connect({ ...good, clientId: "a\u0000b" })], "bad_client_id_text"),
  closing(
    "M10",
    "c3 28 in a topic",
    after(publish(Buffer.concat([Buffer.from("vm/VM-SH-001/"), Buffer.from([0xc3, 0x28])]), "x")),
    "bad_topic_text",
  ),
  closing(
    "M10",
    "overlong c0 af in a topic",
    after(publish(Buffer.concat([Buffer.from("vm/VM-SH-001/"), Buffer.from([0xc0, 0xaf])]), "x")),
    "bad_topic_text",
  ),
  closing(
    "M10",
    "a surrogate half in a topic",
    after(publish(Buffer.concat([Buffer.from("vm/VM-SH-001/"), Buffer.from([0xed, 0xa0, 0x80])]), "x")),
    "bad_topic_text",
  ),
  closing(
    "M7",
    "publish to $SYS",
    after(publish("$SYS/x/new/clients", "VM-SH-001", { qos: 1, id: 1 })),
    "dollar_topic",
    "connack0 puback1 alive",
    "ours: close and count (D7)",
  ),
  closing("M7", "publish to $foo", after(publish("$foo/x", "x")), "dollar_topic", "connack0 alive", "ours: close and count (D7)"),
  {
    id: "M8",
    name: "empty client id, clean=1",
    bytes: [connect({ ...good, clientId: "" })],
    fleetcast: "connack0 alive",
    mosquitto: "connack0 alive",
  },
  {
    id: "M8",
    name: "empty client id, clean=0",
    bytes: [connect({ ...good, clientId: "", clean: false })],
    fleetcast: "connack2 close",
    mosquitto: "connack2 close",
    reason: "empty_client_id",
  },
  closing("M9", "QoS 1 with packet id 0", after(publish(topic, "x", { qos: 1, id: 0 })), "packet_id_0"),
  closing("M9", "QoS 2 with packet id 0", after(publish(topic, "x", { qos: 2, id: 0 })), "packet_id_0"),
  closing("M9", "SUBSCRIBE with packet id 0", after(subscribe(0, ["vm/VM-SH-001/cmd", 1])), "packet_id_0"),
  closing("M11", "filter a+", after(subscribe(1, ["vm/VM-SH-001/a+", 0])), "malformed_filter"),
  closing("M11", "filter a#", after(subscribe(1, ["vm/VM-SH-001/a#", 0])), "malformed_filter"),
  closing("M14", "filter a/#/b", after(subscribe(1, ["vm/VM-SH-001/#/b", 0])), "malformed_filter"),
  closing("M14", "an empty filter", after(subscribe(1, ["", 0])), "empty_filter"),
  closing("M12", "password without user name", [connect({ username: "", password: "p", clientId: "x" })], "password_without_user_name"),
  {
    id: "M13",
    name: "MQIsdp with level 4",
    bytes: [connect({ ...good, protocol: "MQIsdp", level: 4 })],
    fleetcast: "connack1 close",
    mosquitto: "connack1 close",
    reason: "bad_protocol_level",
  },
  {
    id: "M13",
    name: "MQTT with level 6",
    bytes: [connect({ ...good, level: 6 })],
    fleetcast: "connack1 close",
    mosquitto: "connack1 close",
    reason: "bad_protocol_level",
  },
  {
    id: "M13",
    name: "MQTT 3.1 (MQIsdp, level 3)",
    bytes: [connect({ ...good, protocol: "MQIsdp", level: 3 })],
    fleetcast: "connack0 alive",
    mosquitto: "connack0 alive",
  },
  closing("M14", "a protocol name that is none", [connect({ ...good, protocol: "HTTP" })], "bad_protocol_name"),
  closing("M14", "QoS 3", after(publish(topic, "x", { qos: 3, id: 1 })), "qos_3"),
  closing("M14", "SUBSCRIBE with flags 0", after(packet(0x80, [0, 1], field("vm/VM-SH-001/cmd"), [0])), "reserved_flags"),
  closing("M14", "SUBSCRIBE without a filter", after(packet(0x82, [0, 1])), "no_filter"),
  closing("M14", "SUBSCRIBE with QoS 3", after(subscribe(1, ["vm/VM-SH-001/cmd", 3])), "bad_subscribe_options"),
  closing("M14", "UNSUBSCRIBE without a filter", after(packet(0xa2, [0, 1])), "no_filter"),
  closing("M14", "UNSUBSCRIBE with flags 0", after(packet(0xa0, [0, 1], field("vm/VM-SH-001/cmd"))), "reserved_flags"),
  closing("M14", "PUBREL with flags 0", after(packet(0x60, [0, 1])), "reserved_flags"),
  closing("M14", "a second CONNECT", after(hello), "second_connect"),
  closing("M14", "CONNECT with flags in its header", [Buffer.concat([Buffer.from([0x11]), hello.subarray(1)])], "reserved_flags"),
  closing("M14", "will retain without a will", [connect({ ...good, flags: 0x82 | 0x20 })], "will_flags_without_will"),
  closing("M14", "will QoS without a will", [connect({ ...good, flags: 0x82 | 0x08 })], "will_flags_without_will"),
  closing("M14", "reserved connect flag", [connect({ ...good, flags: 0x83 })], "reserved_connect_flag"),
  closing("M14", "bytes after CONNECT's last field", [connect({ ...good, surplus: Buffer.from("more") })], "surplus_in_connect"),
  closing("M14", "CONNECT that ends in its middle", [packet(0x10, field("MQTT"), [4, 0xc2, 0, 60], field("c"))], "bad_user_name_field"),
  closing("M18", "will with QoS 3", [connect({ ...good, will: { topic, qos: 3 } })], "will_qos_3"),
  closing("M18", "will to a wildcard", [connect({ ...good, will: { topic: "vm/#" } })], "will_wildcard_in_topic"),
  closing("M18", "will to $SYS", [connect({ ...good, will: { topic: "$SYS/x" } })], "will_dollar_topic", "connack0 alive", "ours: close"),
  closing("M18", "will to nowhere", [connect({ ...good, will: { topic: "" } })], "will_empty_topic"),
  closing(
    "M18",
    "a will too big",
    [connect({ ...good, will: { topic: "vm/VM-SH-001/status", payload: Buffer.alloc(9_000, 0x61) } })],
    "will_too_large",
    "connack0 alive",
    "ours: at most 8 KiB",
  ),
  {
    id: "M18",
    name: "a will into another machine's subtree",
    bytes: [connect({ ...good, will: { topic: "vm/VM-SH-002/status" } })],
    fleetcast: "connack5 close",
    mosquitto: "connack0 alive",
    because: "a Mosquitto without an ACL lets anybody write anywhere",
    reason: "will_topic_not_allowed",
  },
  {
    id: "M15",
    name: "DUP with QoS 0",
    bytes: after(publish(topic, "x", { dup: true })),
    fleetcast: "connack0 alive",
    mosquitto: "connack0 alive",
  },
  { id: "M15", name: "unasked PUBACK", bytes: after(puback(77)), fleetcast: "connack0 alive", mosquitto: "connack0 alive" },
  {
    id: "M15",
    name: "unknown PUBREL",
    bytes: after(pubrel(9)),
    fleetcast: "connack0 pubcomp9 alive",
    mosquitto: "connack0 pubcomp9 alive",
  },
  {
    id: "M15",
    name: "a byte too many in PINGREQ",
    bytes: after(Buffer.from([0xc0, 1, 0])),
    fleetcast: "connack0 alive",
    mosquitto: "connack0 alive",
  },
  {
    id: "M15",
    name: "the same QoS 2 id twice",
    bytes: after(publish(topic, "x", { qos: 2, id: 4 }), publish(topic, "x", { qos: 2, id: 4, dup: true })),
    fleetcast: "connack0 pubrec4 pubrec4 alive",
    mosquitto: "connack0 pubrec4 pubrec4 alive",
  },
  {
    id: "M16",
    name: "MQTT 5",
    bytes: [connect({ ...good, level: 5 })],
    fleetcast: "connack1 close",
    // Our bytes have no property length, which MQTT 5 wants, so the real one calls them malformed; a good one it accepts.
    mosquitto: "any",
    reason: "mqtt_5",
  },
  closing(
    "M17",
    "65 filters in one SUBSCRIBE",
    after(subscribe(1, ...Array.from({ length: 65 }, (_, index) => [`vm/VM-SH-001/${index}`, 0] as const))),
    "too_many_filters",
    "any",
    "ours: at most 64",
  ),
  {
    id: "M17",
    name: "$share, # and a foreign subtree",
    bytes: after(subscribe(1, ["$share/g/vm/VM-SH-001/cmd", 1], ["#", 0], ["vm/VM-SH-002/cmd", 1])),
    fleetcast: "connack0 suback[128,128,128] alive",
    mosquitto: "connack0 suback[1,0,1] alive",
    because: "a Mosquitto without an ACL lets anybody read everything",
  },
  {
    id: "M17",
    name: "a filter twice in one SUBSCRIBE",
    bytes: after(subscribe(1, ["vm/VM-SH-001/cmd", 0], ["vm/VM-SH-001/cmd", 1])),
    fleetcast: "connack0 suback[0,1] alive",
    mosquitto: "connack0 suback[0,1] alive",
  },
  {
    id: "M18",
    name: "keep-alive 0",
    bytes: [connect({ ...good, keepaliveS: 0 })],
    fleetcast: "connack0 alive",
    mosquitto: "connack0 alive",
  },
  {
    id: "M18",
    name: "keep-alive 65,535",
    bytes: [connect({ ...good, keepaliveS: 65_535 })],
    fleetcast: "connack0 alive",
    mosquitto: "connack0 alive",
  },
  ...["a+b", "a/b", "#", "..", "-x", "x".repeat(64), "模块"].map(
    (username): TableRow => ({
      id: "M19",
      name: `user name ${JSON.stringify(username).slice(0, 20)}`,
      bytes: [connect({ username, clientId: "c" })],
      fleetcast: "connack4 close",
      mosquitto: "any",
      because: "a machine's name has a rule",
      reason: "bad_user_name",
    }),
  ),
  closing(
    "A2",
    "publish into another machine's subtree",
    after(publish("vm/VM-SH-002/telemetry", "x", { qos: 1, id: 1 })),
    "topic_not_allowed",
    "connack0 puback1 alive",
    "ours: close and count",
  ),
  closing(
    "A2",
    "publish to one's own command topic",
    after(publish("vm/VM-SH-001/cmd", "x", { qos: 1, id: 1 })),
    "topic_not_allowed",
    "connack0 puback1 alive",
    "ours: close and count",
  ),
  closing(
    "M1",
    "PUBLISH that ends in its topic",
    after(Buffer.concat([Buffer.from([0x30, 3]), Buffer.from([0, 9, 0x61])])),
    "short_packet",
  ),
  closing("M1", "QoS 1 PUBLISH without a packet id", after(packet(0x32, field(topic))), "short_packet"),
  closing("M1", "PUBACK without an id", after(packet(0x40)), "short_packet"),
  closing("M9", "PUBREL with packet id 0", after(pubrel(0)), "packet_id_0"),
  closing("M1", "PUBCOMP without an id", after(packet(0x70)), "short_packet"),
  closing("M1", "a server's packet (CONNACK) from a client", after(Buffer.from([0x20, 2, 0, 0])), "reserved_type"),
  closing(
    "M2",
    "300 KiB declared after CONNECT",
    after(Buffer.concat([Buffer.from([0x30]), lengthBytes(300_000), Buffer.from("x")])),
    "packet_too_large",
    "connack0 silent",
    "Mosquitto waits for the body",
  ),
  { id: "M14", name: "DISCONNECT", bytes: after(disconnect), fleetcast: "connack0 close", mosquitto: "connack0 close" },
  closing("M14", "DISCONNECT with a body", after(Buffer.from([0xe0, 1, 0])), "surplus_in_disconnect"),
  { id: "M15", name: "two PINGREQs", bytes: after(pingreq, pingreq), fleetcast: "connack0 alive", mosquitto: "connack0 alive" },
];
