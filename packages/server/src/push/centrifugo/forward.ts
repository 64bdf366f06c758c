import type { OptionOverride } from "@fleetcast/engine";
import type { ClientInfo, Publication, StreamPosition } from "@fleetcast/protocol";
import { badRequest, internalError } from "../channel-rules.ts";
import { type NodeInfo, type PublishRequest, type PublishResult, type PushEngine, PushError, type UserTarget } from "../push-engine.ts";
import { Fields } from "../raw-json/fields.ts";
import type { CentrifugoCall } from "./centrifugo-api.ts";
import { forwardedMaps } from "./forward-maps.ts";
import { count, elements, position, withPayloads } from "./forward-parts.ts";

/**
 * The server API as a client of Centrifugo sees it: requests written, results read, payloads as the bytes they came with.
 * Publishes here go straight through: for namespaces that live in Centrifugo's memory.
 */
export type ForwardedApi = Pick<
  PushEngine,
  | "publish"
  | "broadcast"
  | "presence"
  | "presenceStats"
  | "historyRemove"
  | "maps"
  | "sharedPollPublish"
  | "subscribe"
  | "unsubscribe"
  | "refresh"
  | "disconnect"
  | "channels"
  | "info"
> & {
  history(request: {
    readonly channel: string;
    readonly limit: number;
    readonly since?: StreamPosition | undefined;
    readonly reverse?: boolean | undefined;
  }): ReturnType<PushEngine["history"]>;
};

export function forwardedApi(call: CentrifugoCall): ForwardedApi {
  return {
    async publish(request) {
      return publishResult(await call("publish", publishBody({ channel: request.channel }, request)));
    },
    async broadcast(channels, request) {
      const result = await call("broadcast", publishBody({ channels }, request));
      const outcomes = elements(result, "responses").map(broadcastOutcome);
      if (outcomes.length !== channels.length) throw internalError();
      return outcomes;
    },
    async presence(channel) {
      const entries = (await call("presence", JSON.stringify({ channel }))).object("presence");
      return new Map(members(entries).map(([client, info]) => [client, clientInfo(info)]));
    },
    async presenceStats(channel) {
      const result = await call("presence_stats", JSON.stringify({ channel }));
      return { clients: count(result, "num_clients"), users: count(result, "num_users") };
    },
    async history(request) {
      const result = await call("history", JSON.stringify(request));
      return { publications: elements(result, "publications").map(publication), top: position(result) };
    },
    async historyRemove(channel) {
      await call("history_remove", JSON.stringify({ channel }));
    },
    maps: forwardedMaps(call),
    async sharedPollPublish({ channel, key, version, epoch, data }) {
      if (data === undefined) throw badRequest();
      await call("shared_poll_publish", withPayloads({ channel, key, version, epoch }, { data }));
    },
    async subscribe(target, { channel, info, data, expireAtS, recoverSince, override }) {
      const request = {
        ...targetFields(target),
        channel,
        expire_at: expireAtS,
        recover_since: recoverSince,
        override: overrideFields(override),
      };
      await call("subscribe", withPayloads(request, { info, data }));
    },
    async refresh(target, { expired, expireAtS, info }) {
      await call("refresh", withPayloads({ ...targetFields(target), expired, expire_at: expireAtS }, { info }));
    },
    async unsubscribe(target, channel) {
      await call("unsubscribe", JSON.stringify({ ...targetFields(target), channel }));
    },
    async disconnect(target, disconnect, whitelist) {
      await call("disconnect", JSON.stringify({ ...targetFields(target), disconnect, whitelist }));
    },
    async channels(pattern) {
      const found = (await call("channels", JSON.stringify({ pattern }))).object("channels");
      return new Map(members(found).map(([channel, info]) => [channel, { clients: count(info, "num_clients") }]));
    },
    async info() {
      return elements(await call("info", "{}"), "nodes").map(nodeInfo);
    },
  };
}

function publishBody(
  to: { readonly channel: string } | { readonly channels: readonly string[] },
  request: Omit<PublishRequest, "channel">,
) {
  const rest = {
    skip_history: request.skipHistory,
    tags: request.tags,
    idempotency_key: request.idempotencyKey,
    delta: request.delta,
    version: request.version,
    version_epoch: request.versionEpoch,
  };
  return withPayloads({ ...to, ...rest }, { data: request.data });
}

function overrideFields(override: OptionOverride | undefined) {
  const option = (value: boolean | undefined) => (value === undefined ? undefined : { value });
  return (
    override && {
      presence: option(override.presence),
      join_leave: option(override.joinLeave),
      force_push_join_leave: option(override.forcePushJoinLeave),
      force_recovery: option(override.forceRecovery),
      force_positioning: option(override.forcePositioning),
    }
  );
}

function broadcastOutcome(response: Fields): PublishResult | PushError {
  const error = response.object("error");
  if (error !== undefined) return new PushError(error.integer("code", 0, 2 ** 32 - 1) ?? 100, error.text("message") ?? "");
  return publishResult(response.object("result") ?? new Fields(new Uint8Array(), []));
}

function publishResult(result: Fields): PublishResult {
  const found = position(result);
  return found.epoch === "" ? {} : { position: found };
}

function publication(fields: Fields): Publication {
  const info = fields.object("info");
  return {
    data: fields.raw("data") ?? new Uint8Array(),
    offset: count(fields, "offset"),
    info: info && clientInfo(info),
    tags: fields.textMap("tags"),
  };
}

function clientInfo(fields: Fields): ClientInfo {
  return {
    user: fields.text("user") ?? "",
    client: fields.text("client") ?? "",
    connInfo: fields.raw("conn_info"),
    chanInfo: fields.raw("chan_info"),
  };
}

function nodeInfo(fields: Fields): NodeInfo {
  return {
    uid: fields.text("uid") ?? "",
    name: fields.text("name") ?? "",
    version: fields.text("version") ?? "",
    num_clients: count(fields, "num_clients"),
    num_users: count(fields, "num_users"),
    num_subs: count(fields, "num_subs"),
    num_channels: count(fields, "num_channels"),
    uptime: count(fields, "uptime"),
  };
}

function targetFields(target: UserTarget) {
  return { user: target.user, client: target.client, session: target.session };
}

function members(fields: Fields | undefined): (readonly [string, Fields])[] {
  return fields?.entries() ?? [];
}
