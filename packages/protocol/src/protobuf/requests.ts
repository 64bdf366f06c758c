import type {
  ChannelRequest,
  ConnectRequest,
  HistoryRequest,
  PublishRequest,
  RefreshRequest,
  RpcRequest,
  SendRequest,
  SubRefreshRequest,
  SubscribeRequest,
  TrackBatch,
} from "../command.ts";
import { filter } from "./filter.ts";
import type { WireReader } from "./reader.ts";

/**
 * One function a message, each standing at the field that holds it. `before` is what the same field said when it stood
 * there already: Protobuf then means one message, read on.
 */
type Draft<T> = { -readonly [K in keyof T]: T[K] };

const rejectUnrecoveredBit = 2;
const noSubs: ReadonlyMap<string, SubscribeRequest> = new Map();
const noHeaders: ReadonlyMap<string, string> = new Map();
const noTrack: readonly TrackBatch[] = [];
const noKeys: readonly string[] = [];

export function connect(reader: WireReader, before?: ConnectRequest): ConnectRequest {
  const request: Draft<ConnectRequest> = before ?? { token: "", data: undefined, subs: noSubs, name: "", version: "", headers: noHeaders };
  let subs: Map<string, SubscribeRequest> | undefined;
  let headers: Map<string, string> | undefined;
  const outer = reader.open();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        request.token = reader.string();
        break;
      case 2:
        request.data = reader.bytes();
        break;
      case 3:
        subs ??= new Map(request.subs);
        entry(reader, subs, () => subscribe(reader), noSubscribe);
        break;
      case 4:
        request.name = reader.string();
        break;
      case 5:
        request.version = reader.string();
        break;
      case 6:
        headers ??= new Map(request.headers);
        entry(reader, headers, () => reader.string(), "");
        break;
      case 7: // flag
        reader.int32();
        break;
      case 8: // dict
      case 9: // profile
        reader.string();
        break;
      default:
        reader.skip();
    }
  }
  reader.close(outer);
  if (subs !== undefined) request.subs = subs;
  if (headers !== undefined) request.headers = headers;
  return request;
}

const noSubscribe: SubscribeRequest = {
  channel: "",
  token: "",
  recover: false,
  epoch: "",
  offset: 0,
  data: undefined,
  positioned: false,
  recoverable: false,
  joinLeave: false,
  delta: "",
  tagsFilter: undefined,
  rejectUnrecovered: false,
  type: 0,
  phase: 0,
  cursor: "",
  limit: 0,
  asc: false,
};

export function subscribe(reader: WireReader, before?: SubscribeRequest): SubscribeRequest {
  const request: Draft<SubscribeRequest> = before ?? { ...noSubscribe };
  const outer = reader.open();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        request.channel = reader.string();
        break;
      case 2:
        request.token = reader.string();
        break;
      case 3:
        request.recover = reader.boolean();
        break;
      case 6:
        request.epoch = reader.string();
        break;
      case 7:
        request.offset = reader.offset();
        break;
      case 8:
        request.data = reader.bytes();
        break;
      case 9:
        request.positioned = reader.boolean();
        break;
      case 10:
        request.recoverable = reader.boolean();
        break;
      case 11:
        request.joinLeave = reader.boolean();
        break;
      case 12:
        request.delta = reader.string();
        break;
      case 13:
        request.tagsFilter = filter(reader, request.tagsFilter);
        break;
      case 14:
        request.rejectUnrecovered = (reader.int32() & rejectUnrecoveredBit) !== 0;
        break;
      case 15:
        request.type = reader.int32();
        break;
      case 16:
        request.phase = reader.int32();
        break;
      case 17:
        request.cursor = reader.string();
        break;
      case 18:
        request.limit = reader.int32();
        break;
      case 19:
        request.asc = reader.boolean();
        break;
      default:
        reader.skip();
    }
  }
  reader.close(outer);
  return request;
}

export function channel(reader: WireReader, before?: ChannelRequest): ChannelRequest {
  const request: Draft<ChannelRequest> = before ?? { channel: "" };
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else reader.skip();
  }
  reader.close(outer);
  return request;
}

export function publish(reader: WireReader, before?: PublishRequest): PublishRequest {
  const request: Draft<PublishRequest> = before ?? { channel: "", data: undefined, type: 0, key: "", removed: false };
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else if (reader.field === 2) request.data = reader.bytes();
    else if (reader.field === 3) request.type = reader.int32();
    else if (reader.field === 4) request.key = reader.string();
    else if (reader.field === 5) request.removed = reader.boolean();
    else reader.skip();
  }
  reader.close(outer);
  return request;
}

export function history(reader: WireReader, before?: HistoryRequest): HistoryRequest {
  const request: Draft<HistoryRequest> = before ?? { channel: "", limit: 0, since: undefined, reverse: false };
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else if (reader.field === 7) request.limit = reader.int32();
    else if (reader.field === 8) request.since = position(reader, request.since);
    else if (reader.field === 9) request.reverse = reader.boolean();
    else reader.skip();
  }
  reader.close(outer);
  return request;
}

function position(reader: WireReader, before: HistoryRequest["since"]): NonNullable<HistoryRequest["since"]> {
  const since: Draft<NonNullable<HistoryRequest["since"]>> = before ?? { offset: 0, epoch: "" };
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) since.offset = reader.offset();
    else if (reader.field === 2) since.epoch = reader.string();
    else reader.skip();
  }
  reader.close(outer);
  return since;
}

export function rpc(reader: WireReader, before?: RpcRequest): RpcRequest {
  const request: Draft<RpcRequest> = before ?? { data: undefined, method: "" };
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) request.data = reader.bytes();
    else if (reader.field === 2) request.method = reader.string();
    else reader.skip();
  }
  reader.close(outer);
  return request;
}

export function send(reader: WireReader, before?: SendRequest): SendRequest {
  const request: Draft<SendRequest> = before ?? { data: undefined };
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) request.data = reader.bytes();
    else reader.skip();
  }
  reader.close(outer);
  return request;
}

export function refresh(reader: WireReader, before?: RefreshRequest): RefreshRequest {
  const request: Draft<RefreshRequest> = before ?? { token: "" };
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) request.token = reader.string();
    else reader.skip();
  }
  reader.close(outer);
  return request;
}

export function subRefresh(reader: WireReader, before?: SubRefreshRequest): SubRefreshRequest {
  const request: Draft<SubRefreshRequest> = before ?? { channel: "", token: "", type: 0, track: noTrack, untrack: noKeys };
  const track: TrackBatch[] = [];
  const untrack: string[] = [];
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else if (reader.field === 2) request.token = reader.string();
    else if (reader.field === 3) request.type = reader.int32();
    else if (reader.field === 4) track.push(trackBatch(reader));
    else if (reader.field === 5) untrack.push(reader.string());
    else reader.skip();
  }
  reader.close(outer);
  if (track.length > 0) request.track = [...request.track, ...track];
  if (untrack.length > 0) request.untrack = [...request.untrack, ...untrack];
  return request;
}

function trackBatch(reader: WireReader): TrackBatch {
  let signature = "";
  const items: { readonly key: string; readonly version: number }[] = [];
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) signature = reader.string();
    else if (reader.field === 2) items.push(keyedItem(reader));
    else reader.skip();
  }
  reader.close(outer);
  return { signature, items };
}

function keyedItem(reader: WireReader): { readonly key: string; readonly version: number } {
  let key = "";
  let version = 0;
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) version = reader.offset();
    else reader.skip();
  }
  reader.close(outer);
  return { key, version };
}

/** A message that has no fields of its own. */
export function nothing(reader: WireReader): void {
  const outer = reader.open();
  while (reader.next()) reader.skip();
  reader.close(outer);
}

/** One entry of a map: field 1 is its key, field 2 its value; of two entries with one key the last counts. */
function entry<T>(reader: WireReader, into: Map<string, T>, readValue: () => T, zero: T): void {
  let key = "";
  let value = zero;
  const outer = reader.open();
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = readValue();
    else reader.skip();
  }
  reader.close(outer);
  into.set(key, value);
}
