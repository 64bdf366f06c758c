import type {
  ConnectProxyResult,
  MapPublishProxyResult,
  MapRemoveProxyResult,
  OptionOverride,
  ProxiedSubscription,
  PublishProxyResult,
  RefreshProxyResult,
  SharedPollItem,
  SharedPollRefreshResult,
  SubRefreshProxyResult,
  SubscribeProxyResult,
} from "@fleetcast/engine";
import { base64Bytes } from "../auth/tokens/claim-values.ts";
import { type Fields, MalformedJson } from "../push/raw-json/fields.ts";

/** What a backend grants, read field by field: a wrong type makes the whole answer unreadable. */

/** Base64 that is none: the answer was read, a part of it cannot be used. */
export class UnusableBase64 extends Error {
  override readonly name = "UnusableBase64";
}

export function connectResult(fields: Fields): ConnectProxyResult {
  const subs = new Map<string, ProxiedSubscription>();
  for (const [channel, options] of fields.object("subs")?.entries() ?? []) subs.set(channel, subscription(options));
  return {
    user: fields.text("user") ?? "",
    expireAtS: expireAt(fields),
    info: either(fields, "info"),
    data: either(fields, "data"),
    channels: fields.texts("channels") ?? [],
    subs,
    meta: owned(fields.raw("meta")),
  };
}

export function refreshResult(fields: Fields): RefreshProxyResult {
  return { ...subRefreshResult(fields), meta: owned(fields.raw("meta")) };
}

export function subRefreshResult(fields: Fields): SubRefreshProxyResult {
  return { expired: fields.flag("expired") ?? false, expireAtS: expireAt(fields), info: either(fields, "info") };
}

export function subscribeResult(fields: Fields): SubscribeProxyResult {
  return { expireAtS: expireAt(fields), info: either(fields, "info"), data: either(fields, "data"), override: override(fields) };
}

export function publishResult(fields: Fields): PublishProxyResult {
  return { ...versioned(fields), data: replacement(fields), skipHistory: fields.flag("skip_history") ?? false };
}

export function rpcResult(fields: Fields): { readonly data: Uint8Array | undefined } {
  return { data: either(fields, "data") };
}

export function mapPublishResult(fields: Fields): MapPublishProxyResult {
  const keyMode = fields.text("key_mode") ?? "";
  if (keyMode !== "" && keyMode !== "if_new" && keyMode !== "if_exists") throw new MalformedJson("key_mode is none");
  return { ...versioned(fields), key: fields.text("key") ?? "", data: replacement(fields), keyMode };
}

export function mapRemoveResult(fields: Fields): MapRemoveProxyResult {
  return {
    key: fields.text("key") ?? "",
    tags: fields.textMap("tags"),
    idempotencyKey: fields.text("idempotency_key") ?? "",
  };
}

export function sharedPollRefreshResult(fields: Fields): SharedPollRefreshResult {
  return { items: (fields.objects("items") ?? []).map(sharedPollItem), epoch: fields.text("epoch") ?? "" };
}

function sharedPollItem(fields: Fields): SharedPollItem {
  return {
    key: fields.text("key") ?? "",
    data: owned(fields.raw("data")),
    version: fields.integer("version", 0, Number.MAX_SAFE_INTEGER) ?? 0,
    removed: fields.flag("removed") ?? false,
    previousData: owned(fields.raw("prev_data")),
  };
}

function subscription(fields: Fields): ProxiedSubscription {
  return {
    info: either(fields, "info"),
    data: either(fields, "data"),
    override: override(fields) ?? {},
    cacheRecover: fields.flag("cache_recover") ?? false,
  };
}

function versioned(fields: Fields): Pick<PublishProxyResult, "tags" | "idempotencyKey" | "delta" | "version" | "versionEpoch"> {
  return {
    tags: fields.textMap("tags"),
    idempotencyKey: fields.text("idempotency_key") ?? "",
    delta: fields.flag("delta") ?? false,
    // Refused above what is exact as a number, instead of rounded (D29).
    version: fields.integer("version", 0, Number.MAX_SAFE_INTEGER) ?? 0,
    versionEpoch: fields.text("version_epoch") ?? "",
  };
}

const int64Max = 2 ** 63;

/** Zero and less say nothing. */
function expireAt(fields: Fields): number | undefined {
  const seconds = fields.integer("expire_at", -int64Max, int64Max) ?? 0;
  return seconds > 0 ? seconds : undefined;
}

/** `b64info` outranks `info`, `b64data` outranks `data`. */
function either(fields: Fields, name: "info" | "data"): Uint8Array | undefined {
  const base64 = fields.text(`b64${name}`) ?? "";
  return base64 === "" ? owned(fields.raw(name)) : decoded(base64);
}

/** What replaces a client's payload: here `data` outranks `b64data`. */
function replacement(fields: Fields): Uint8Array | undefined {
  const base64 = fields.text("b64data") ?? "";
  const raw = fields.raw("data");
  return raw === undefined && base64 !== "" ? decoded(base64) : owned(raw);
}

function decoded(base64: string): Uint8Array {
  const bytes = base64Bytes(base64);
  if (bytes === undefined) throw new UnusableBase64("bad base64");
  return bytes;
}

/** A copy: a part of the answer would keep all of it in memory. */
function owned(raw: Uint8Array | undefined): Uint8Array | undefined {
  return raw === undefined ? undefined : new Uint8Array(raw);
}

const overrides = [
  ["presence", "presence"],
  ["join_leave", "joinLeave"],
  ["force_push_join_leave", "forcePushJoinLeave"],
  ["force_recovery", "forceRecovery"],
  ["force_positioning", "forcePositioning"],
] as const satisfies readonly (readonly [string, keyof OptionOverride])[];

/** `{"presence":{"value":true}, ...}`; an option without `value` is off. */
function override(fields: Fields): OptionOverride | undefined {
  const options = fields.object("override");
  if (options === undefined) return undefined;
  const read: { -readonly [Name in keyof OptionOverride]: boolean } = {};
  for (const [name, option] of overrides) {
    const wrapped = options.object(name);
    if (wrapped !== undefined) read[option] = wrapped.flag("value") ?? false;
  }
  return read;
}
