import type { StreamPosition } from "@fleetcast/protocol";
import { badRequest, notFound } from "../../push/channel-rules.ts";
import { type PublishRequest, type PushEngine, PushError, type UserTarget } from "../../push/push-engine.ts";
import type { Fields } from "../../push/raw-json/fields.ts";
import { channelsJson, historyJson, nodesJson, presenceJson, publishJson } from "./results.ts";

/** What a method answers: the JSON of its result object. `queued`: stored, the push will follow (N5). */
export interface MethodResult {
  readonly json: string | Uint8Array;
  readonly queued?: boolean | undefined;
}

/** A decoded command, ready to run. @throws PushError the command's error */
export type Call = (push: PushEngine) => Promise<MethodResult>;

/** Reads the fields of one method. @throws MalformedJson when a field has another type */
export type Method = (fields: Fields) => Call;

const done: MethodResult = { json: "{}" };

/** The methods by their names in the path and in commands (centrifugo-v6 section 8.3). Every channel method refuses an empty channel with 107. */
export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["publish", publish],
  ["broadcast", broadcast],
  ["presence", presence],
  ["presence_stats", presenceStats],
  ["history", history],
  ["history_remove", historyRemove],
  ["unsubscribe", unsubscribe],
  ["disconnect", disconnect],
  ["channels", channels],
  ["info", () => async (push) => ({ json: nodesJson(await push.info()) })],
  ["rpc", rpc],
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

/** The payload is cut out of the body as it stands; `b64data` wins over `data`. */
function readPublication(fields: Fields): Omit<PublishRequest, "channel"> | "bad base64" {
  const raw = fields.raw("data");
  const encoded = fields.text("b64data") ?? "";
  const publication = {
    tags: fields.textMap("tags"),
    skipHistory: fields.flag("skip_history"),
    idempotencyKey: fields.text("idempotency_key") || undefined,
    delta: fields.flag("delta"),
    version: fields.integer("version", 0, Number.MAX_SAFE_INTEGER) || undefined,
    versionEpoch: fields.text("version_epoch") || undefined,
  };
  const data = encoded === "" ? ownBytes(raw) : decodeBase64(encoded);
  return data === undefined ? "bad base64" : { ...publication, data };
}

/** A copy, so that a stored payload does not keep the whole request body alive. */
function ownBytes(raw: Uint8Array | undefined): Uint8Array {
  return raw === undefined ? new Uint8Array() : raw.slice();
}

/** Standard alphabet with padding; line ends inside are skipped, as the real server does. */
function decodeBase64(text: string): Uint8Array | undefined {
  const joined = text.replace(/[\r\n]/g, "");
  if (joined.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(joined)) return undefined;
  return new Uint8Array(Buffer.from(joined, "base64"));
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

function readPosition(fields: Fields | undefined): StreamPosition | undefined {
  if (fields === undefined) return undefined;
  return { offset: fields.integer("offset", 0, Number.MAX_SAFE_INTEGER) ?? 0, epoch: fields.text("epoch") ?? "" };
}

function historyRemove(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  return async (push) => {
    await push.historyRemove(required(channel));
    return done;
  };
}

/** An empty channel is no error here: the real server then only pushes, and unsubscribes from nothing. */
function unsubscribe(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  const target = readTarget(fields);
  return async (push) => {
    await push.unsubscribe(target, channel);
    return done;
  };
}

const uint32Max = 2 ** 32 - 1;

function disconnect(fields: Fields): Call {
  const target = readTarget(fields);
  const whitelist = fields.texts("whitelist");
  const given = fields.object("disconnect");
  const with_ = given && { code: given.integer("code", 0, uint32Max) ?? 0, reason: given.text("reason") ?? "" };
  return async (push) => {
    await push.disconnect(target, with_, whitelist);
    return done;
  };
}

function readTarget(fields: Fields): UserTarget {
  return {
    user: fields.text("user") ?? "",
    client: fields.text("client") || undefined,
    session: fields.text("session") || undefined,
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
