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
import type { EmulationRequest } from "../emulation.ts";
import type { FieldReader } from "./field-reader.ts";
import { filter } from "./filter.ts";
import { shapes } from "./shapes.ts";

/**
 * One function a message, each standing at the field that holds it. `before` is what the same field said when it stood
 * there already: that is then one message, read on.
 */
type Draft<T> = { -readonly [K in keyof T]: T[K] };

const rejectUnrecoveredBit = 2;
const noSubs: ReadonlyMap<string, SubscribeRequest> = new Map();
const noHeaders: ReadonlyMap<string, string> = new Map();
const noTrack: readonly TrackBatch[] = [];
const noKeys: readonly string[] = [];

export function connect(reader: FieldReader, before?: ConnectRequest): ConnectRequest {
  const request: Draft<ConnectRequest> = before ?? { token: "", data: undefined, subs: noSubs, name: "", version: "", headers: noHeaders };
  let subs: Map<string, SubscribeRequest> | undefined;
  let headers: Map<string, string> | undefined;
  reader.open(shapes.ConnectRequest);
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
        reader.entry(subs, () => subscribe(reader), noSubscribe);
        break;
      case 4:
        request.name = reader.string();
        break;
      case 5:
        request.version = reader.string();
        break;
      case 6:
        headers ??= new Map(request.headers);
        reader.entry(headers, () => reader.string(), "");
        break;
      case 7: // flag
        reader.flags();
        break;
      case 8: // dict
      case 9: // profile
        reader.string();
        break;
      default:
        reader.skip();
    }
  }
  reader.close();
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

export function subscribe(reader: FieldReader, before?: SubscribeRequest): SubscribeRequest {
  const request: Draft<SubscribeRequest> = before ?? { ...noSubscribe };
  reader.open(shapes.SubscribeRequest);
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
        request.rejectUnrecovered = (reader.flags() & rejectUnrecoveredBit) !== 0;
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
  reader.close();
  return request;
}

export function channel(reader: FieldReader, before?: ChannelRequest): ChannelRequest {
  const request: Draft<ChannelRequest> = before ?? { channel: "" };
  reader.open(shapes.UnsubscribeRequest);
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else reader.skip();
  }
  reader.close();
  return request;
}

export function publish(reader: FieldReader, before?: PublishRequest): PublishRequest {
  const request: Draft<PublishRequest> = before ?? { channel: "", data: undefined, type: 0, key: "", removed: false };
  reader.open(shapes.PublishRequest);
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else if (reader.field === 2) request.data = reader.bytes();
    else if (reader.field === 3) request.type = reader.int32();
    else if (reader.field === 4) request.key = reader.string();
    else if (reader.field === 5) request.removed = reader.boolean();
    else reader.skip();
  }
  reader.close();
  return request;
}

export function history(reader: FieldReader, before?: HistoryRequest): HistoryRequest {
  const request: Draft<HistoryRequest> = before ?? { channel: "", limit: 0, since: undefined, reverse: false };
  reader.open(shapes.HistoryRequest);
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else if (reader.field === 7) request.limit = reader.int32();
    else if (reader.field === 8) request.since = position(reader, request.since);
    else if (reader.field === 9) request.reverse = reader.boolean();
    else reader.skip();
  }
  reader.close();
  return request;
}

function position(reader: FieldReader, before: HistoryRequest["since"]): NonNullable<HistoryRequest["since"]> {
  const since: Draft<NonNullable<HistoryRequest["since"]>> = before ?? { offset: 0, epoch: "" };
  reader.open(shapes.StreamPosition);
  while (reader.next()) {
    if (reader.field === 1) since.offset = reader.offset();
    else if (reader.field === 2) since.epoch = reader.string();
    else reader.skip();
  }
  reader.close();
  return since;
}

export function rpc(reader: FieldReader, before?: RpcRequest): RpcRequest {
  const request: Draft<RpcRequest> = before ?? { data: undefined, method: "" };
  reader.open(shapes.RPCRequest);
  while (reader.next()) {
    if (reader.field === 1) request.data = reader.bytes();
    else if (reader.field === 2) request.method = reader.string();
    else reader.skip();
  }
  reader.close();
  return request;
}

export function send(reader: FieldReader, before?: SendRequest): SendRequest {
  const request: Draft<SendRequest> = before ?? { data: undefined };
  reader.open(shapes.SendRequest);
  while (reader.next()) {
    if (reader.field === 1) request.data = reader.bytes();
    else reader.skip();
  }
  reader.close();
  return request;
}

export function refresh(reader: FieldReader, before?: RefreshRequest): RefreshRequest {
  const request: Draft<RefreshRequest> = before ?? { token: "" };
  reader.open(shapes.RefreshRequest);
  while (reader.next()) {
    if (reader.field === 1) request.token = reader.string();
    else reader.skip();
  }
  reader.close();
  return request;
}

export function subRefresh(reader: FieldReader, before?: SubRefreshRequest): SubRefreshRequest {
  const request: Draft<SubRefreshRequest> = before ?? { channel: "", token: "", type: 0, track: noTrack, untrack: noKeys };
  const track: TrackBatch[] = [];
  const untrack: string[] = [];
  reader.open(shapes.SubRefreshRequest);
  while (reader.next()) {
    if (reader.field === 1) request.channel = reader.string();
    else if (reader.field === 2) request.token = reader.string();
    else if (reader.field === 3) request.type = reader.int32();
    else if (reader.field === 4) track.push(trackBatch(reader));
    else if (reader.field === 5) untrack.push(reader.string());
    else reader.skip();
  }
  reader.close();
  if (track.length > 0) request.track = [...request.track, ...track];
  if (untrack.length > 0) request.untrack = [...request.untrack, ...untrack];
  return request;
}

function trackBatch(reader: FieldReader): TrackBatch {
  let signature = "";
  const items: { readonly key: string; readonly version: number }[] = [];
  reader.open(shapes.TrackBatch);
  while (reader.next()) {
    if (reader.field === 1) signature = reader.string();
    else if (reader.field === 2) items.push(keyedItem(reader));
    else reader.skip();
  }
  reader.close();
  return { signature, items };
}

function keyedItem(reader: FieldReader): { readonly key: string; readonly version: number } {
  let key = "";
  let version = 0;
  reader.open(shapes.KeyedItem);
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) version = reader.offset();
    else reader.skip();
  }
  reader.close();
  return { key, version };
}

/** A message that has no fields of its own. */
export function nothing(reader: FieldReader): void {
  reader.open(shapes.PingRequest);
  while (reader.next()) reader.skip();
  reader.close();
}

/** The body of a request to `/emulation`. */
export function emulation(reader: FieldReader): EmulationRequest {
  const request: Draft<EmulationRequest> = { node: "", session: "", data: undefined };
  reader.open(shapes.EmulationRequest);
  while (reader.next()) {
    if (reader.field === 1) request.node = reader.string();
    else if (reader.field === 2) request.session = reader.string();
    else if (reader.field === 3) request.data = reader.bytes();
    else reader.skip();
  }
  reader.close();
  return request;
}
