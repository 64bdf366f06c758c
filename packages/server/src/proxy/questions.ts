import type {
  ConnectProxy,
  MapPublishProxy,
  MapRemoveProxy,
  PublishProxy,
  RefreshProxy,
  RpcProxy,
  SharedPollRefreshProxy,
  SubRefreshProxy,
  SubscribeProxy,
} from "@fleetcast/engine";
import type { Backend } from "./backend.ts";
import {
  connectResult,
  mapPublishResult,
  mapRemoveResult,
  publishResult,
  refreshResult,
  rpcResult,
  sharedPollRefreshResult,
  subRefreshResult,
  subscribeResult,
} from "./results.ts";

/** Each of the engine's questions as JSON: which fields it has, and how its answer is read (PX3). */

export function connectProxy(backend: Backend): ConnectProxy {
  return (caller, { data, name, version, channels }) =>
    backend.ask({
      type: "connect",
      caller,
      write: (body) => body.caller(caller).data(data).text("name", name).text("version", version).texts("channels", channels),
      read: connectResult,
    });
}

export function refreshProxy(backend: Backend): RefreshProxy {
  return (caller) =>
    backend.ask({
      type: "refresh",
      caller,
      write: (body) => body.caller(caller).textAlways("user", caller.user).meta(caller.meta),
      read: refreshResult,
      resultOnly: true,
    });
}

export function subscribeProxy(backend: Backend): SubscribeProxy {
  return (caller, { channel, token, data }) =>
    backend.ask({
      type: "subscribe",
      caller,
      write: (body) =>
        body.caller(caller).textAlways("user", caller.user).text("channel", channel).text("token", token).meta(caller.meta).data(data),
      read: subscribeResult,
    });
}

export function subRefreshProxy(backend: Backend): SubRefreshProxy {
  return (caller, { channel }) =>
    backend.ask({
      type: "sub_refresh",
      caller,
      write: (body) => body.caller(caller).textAlways("user", caller.user).text("channel", channel).meta(caller.meta),
      read: subRefreshResult,
      resultOnly: true,
    });
}

export function publishProxy(backend: Backend): PublishProxy {
  return (caller, { channel, data }) =>
    backend.ask({
      type: "publish",
      caller,
      write: (body) => body.caller(caller).textAlways("user", caller.user).text("channel", channel).data(data).meta(caller.meta),
      read: publishResult,
    });
}

export function rpcProxy(backend: Backend): RpcProxy {
  return (caller, { method, data }) =>
    backend.ask({
      type: "rpc",
      caller,
      write: (body) => body.caller(caller).textAlways("user", caller.user).text("method", method).data(data).meta(caller.meta),
      read: rpcResult,
    });
}

export function mapPublishProxy(backend: Backend): MapPublishProxy {
  return (caller, { channel, key, data }) =>
    backend.ask({
      type: "map_publish",
      caller,
      write: (body) => body.caller(caller).text("user", caller.user).text("channel", channel).text("key", key).data(data).meta(caller.meta),
      read: mapPublishResult,
    });
}

export function mapRemoveProxy(backend: Backend): MapRemoveProxy {
  return (caller, { channel, key }) =>
    backend.ask({
      type: "map_remove",
      caller,
      write: (body) => body.caller(caller).text("user", caller.user).text("channel", channel).text("key", key).meta(caller.meta),
      read: mapRemoveResult,
    });
}

/** Asked about no connection: only static headers, and a status means nothing to anybody. */
export function sharedPollRefreshProxy(backend: Backend): SharedPollRefreshProxy {
  return ({ channel, items }) =>
    backend.ask({
      type: "shared_poll_refresh",
      caller: undefined,
      write: (body) => body.text("channel", channel).items(items),
      read: sharedPollRefreshResult,
      transforms: false,
    });
}
