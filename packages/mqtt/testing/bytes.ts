/** MQTT packets made by hand, right or wrong: the tests' own writer, so that it shares no mistake with the code under test. */

export function packet(first: number, ...parts: Array<Buffer | number[] | string>): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));
  return Buffer.concat([Buffer.from([first]), lengthBytes(body.length), body]);
}

export function lengthBytes(length: number): Buffer {
  const bytes: number[] = [];
  do {
    bytes.push((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
    length >>>= 7;
  } while (length > 0);
  return Buffer.from(bytes);
}

export function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

export interface ConnectFields {
  readonly protocol?: string | Buffer;
  readonly level?: number;
  readonly flags?: number;
  readonly clean?: boolean;
  readonly keepaliveS?: number;
  readonly clientId?: string | Buffer;
  readonly username?: string | Buffer | undefined;
  readonly password?: string | undefined;
  readonly will?: { topic: string | Buffer; payload?: string | Buffer; qos?: number; retain?: boolean };
  readonly surplus?: Buffer;
}

export function connect(fields: ConnectFields = {}): Buffer {
  const { will, username = "VM-SH-001", password } = fields;
  let flags = fields.clean === false ? 0 : 2;
  if (will !== undefined) flags |= 4 | ((will.qos ?? 0) << 3) | (will.retain ? 0x20 : 0);
  if (username !== "") flags |= 0x80;
  if (password !== undefined) flags |= 0x40;
  const keepaliveS = fields.keepaliveS ?? 60;
  return packet(
    0x10,
    field(fields.protocol ?? "MQTT"),
    [fields.level ?? 4, fields.flags ?? flags, keepaliveS >> 8, keepaliveS & 0xff],
    field(fields.clientId ?? "c1"),
    ...(will === undefined ? [] : [field(will.topic), field(will.payload ?? "gone")]),
    ...(username === "" ? [] : [field(username)]),
    ...(password === undefined ? [] : [field(password)]),
    ...(fields.surplus === undefined ? [] : [fields.surplus]),
  );
}

export function publish(
  topic: string | Buffer,
  payload: string | Buffer,
  options: { qos?: number; id?: number; dup?: boolean; retain?: boolean } = {},
): Buffer {
  const { qos = 0, id = 1, dup = false, retain = false } = options;
  const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return packet(first, field(topic), qos === 0 ? [] : [id >> 8, id & 0xff], Buffer.from(payload));
}

export function subscribe(id: number, ...filters: Array<readonly [filter: string | Buffer, qos: number]>): Buffer {
  return packet(0x82, [id >> 8, id & 0xff], ...filters.flatMap(([filter, qos]) => [field(filter), Buffer.from([qos])]));
}

export const pingreq = Buffer.from([0xc0, 0]);
export const disconnect = Buffer.from([0xe0, 0]);
export const puback = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 0xff]);
export const pubrel = (id: number): Buffer => Buffer.from([0x62, 2, id >> 8, id & 0xff]);
