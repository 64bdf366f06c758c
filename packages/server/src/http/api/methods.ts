import { badRequest, notFound } from "../../push/channel-rules.ts";
import { PushError } from "../../push/push-engine.ts";
import type { Fields } from "../../push/raw-json/fields.ts";
import { disconnect, refresh, subscribe, unsubscribe } from "./connection-methods.ts";
import { readPosition } from "./field-values.ts";
import { mapClear, mapPublish, mapReadState, mapReadStream, mapRemove, mapStats } from "./map-methods.ts";
import { type Call, done, type Method, type MethodResult } from "./method.ts";
import { readPublication } from "./read-publication.ts";
import { channelsJson, historyJson, nodesJson, presenceJson, publishJson } from "./results.ts";
import { sharedPollPublish } from "./shared-poll-methods.ts";

export type { Call, Method, MethodResult };

/**
 * The methods by their names in the path and in commands (centrifugo-v6 section 8.3), in the order in which the first one counts
 * where a batch's command names several. Every channel method refuses an empty channel with 107.
 */
export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["publish", publish],
  ["broadcast", broadcast],
  ["subscribe", subscribe],
  ["unsubscribe", unsubscribe],
  ["disconnect", disconnect],
  ["history", history],
  ["history_remove", historyRemove],
  ["presence", presence],
  ["presence_stats", presenceStats],
  ["info", () => async (push) => ({ json: nodesJson(await push.info()) })],
  ["rpc", rpc],
  ["refresh", refresh],
  ["channels", channels],
  ["map_publish", mapPublish],
  ["map_remove", mapRemove],
  ["map_read_state", mapReadState],
  ["map_read_stream", mapReadStream],
  ["map_stats", mapStats],
  ["map_clear", mapClear],
  ["shared_poll_publish", sharedPollPublish],
]);

function publish(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  const publication = readPublication(fields);
  return async (push) => {
    if (channel === "" || publication === "bad base64") throw badRequest();
    const result = await push.publish({ channel, ...publication });
    return { json: publishJson(result), queued: result.queued };
  };
}

function broadcast(fields: Fields): Call {
  const channels = fields.texts("channels") ?? [];
  const publication = readPublication(fields);
  return async (push) => {
    if (channels.length === 0 || publication === "bad base64") throw badRequest();
    const outcomes = await push.broadcast(channels, publication);
    const responses = outcomes.map((outcome) =>
      outcome instanceof PushError ? `{"error":${errorJson(outcome)}}` : `{"result":${publishJson(outcome)}}`,
    );
    const queued = outcomes.some((outcome) => !(outcome instanceof PushError) && outcome.queued === true);
    return { json: `{"responses":[${responses.join(",")}]}`, queued };
  };
}

function presence(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  return async (push) => ({ json: presenceJson(await push.presence(required(channel))) });
}

function presenceStats(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  return async (push) => {
    const { clients, users } = await push.presenceStats(required(channel));
    return { json: `{"num_clients":${clients},"num_users":${users}}` };
  };
}

const int32Min = -(2 ** 31);
const int32Max = 2 ** 31 - 1;

function history(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  const limit = fields.integer("limit", int32Min, int32Max);
  const since = readPosition(fields.object("since"));
  const reverse = fields.flag("reverse");
  return async (push) => ({ json: historyJson(await push.history({ channel: required(channel), limit, since, reverse })) });
}

function historyRemove(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  return async (push) => {
    await push.historyRemove(required(channel));
    return done;
  };
}

function channels(fields: Fields): Call {
  const pattern = fields.text("pattern");
  return async (push) => ({ json: channelsJson(await push.channels(pattern)) });
}

/** No extension can be called over the server API: what the real server answers, too. */
function rpc(fields: Fields): Call {
  const method = fields.text("method") ?? "";
  return async () => {
    throw method === "" ? badRequest() : notFound();
  };
}

function required(channel: string): string {
  if (channel === "") throw badRequest();
  return channel;
}

export function errorJson(error: PushError): string {
  return `{"code":${error.code},"message":${JSON.stringify(error.message)}}`;
}
