import type { ConnectionClaims, OptionOverride, ServerSubscription, SubscriptionClaims } from "@fleetcast/engine";
import {
  audienceClaim,
  base64Bytes,
  booleanClaim,
  detached,
  foldedName,
  integerClaim,
  invalid,
  nameListClaim,
  numericDateClaim,
  rawClaim,
  stringClaim,
  TokenRefusal,
  userIdClaim,
} from "./claim-values.ts";
import type { Issued, IssuedRule } from "./issued.ts";
import { membersOf, sourceText } from "./json-source.ts";

/** What a token must agree with beside its signature. */
export interface ClaimRules {
  readonly issued: IssuedRule;
  /** Top-level claim that holds the user id instead of `sub`; "" for none. */
  readonly userIdClaim: string;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/**
 * Who made a token, read before its signature was looked at: it chooses among the key sets that the configuration lists, and
 * nothing else.
 */
export function readIssued(payload: Uint8Array): Issued {
  const raw: RawClaims = {};
  for (const { name, value } of claimsOf(payload)) {
    const folded = foldedName(name);
    if (folded === "aud" || folded === "iss") readCommonClaim(raw, folded, value, "");
  }
  return raw;
}

/** Longest `jti` that can be revoked. */
export const tokenIdLengthMax = 256;

/** Longest user id; the real server's only bound is the frame (J9, a deviation). Bytes. */
export const userIdBytesMax = 1_024;

/** Everything either kind of token may carry, read before any rule is applied. */
interface RawClaims extends Issued {
  audience?: readonly string[] | undefined;
  issuer?: string | undefined;
  user?: string | undefined;
  expS?: number | undefined;
  nbfS?: number | undefined;
  issuedAtS?: number | undefined;
  tokenId?: string | undefined;
  expireAtS?: number | undefined;
  channel?: string | undefined;
  client?: string | undefined;
  info?: Uint8Array | undefined;
  b64info?: string | undefined;
  data?: Uint8Array | undefined;
  b64data?: string | undefined;
  meta?: Uint8Array | undefined;
  channels?: readonly string[] | undefined;
  subs?: Map<string, string> | undefined;
  override?: OptionOverride | undefined;
}

/** Order of the rules: audience and issuer, `channel`, times, then `subs` (section 3.2 of the protocol reference). */
export function decodeConnectionClaims(payload: Uint8Array, rules: ClaimRules): ConnectionClaims {
  const raw = readClaims(payload, rules.userIdClaim, "connection");
  checkIssued(raw, rules);
  if (raw.channel !== undefined && raw.channel !== "") throw invalid("a connection token names a channel");
  checkTimes(raw, rules);
  const subs = new Map<string, ServerSubscription>();
  for (const [channel, source] of raw.subs ?? []) subs.set(channel, decodeServerSubscription(source));
  return {
    user: checkedUser(raw.user),
    expireAtS: expiryOf(raw),
    info: bytesOf(raw.info, raw.b64info, "internal"),
    channels: subs.size > 0 ? [] : (raw.channels ?? []),
    subs,
    meta: raw.meta,
    ...originOf(raw),
  };
}

/** Here the times come before `channel`, and bad base64 is the token's fault (both as the real server does it). */
export function decodeSubscriptionClaims(payload: Uint8Array, rules: ClaimRules): SubscriptionClaims {
  const raw = readClaims(payload, rules.userIdClaim, "subscription");
  checkIssued(raw, rules);
  checkTimes(raw, rules);
  if (raw.channel === undefined || raw.channel === "") throw invalid("a subscription token names no channel");
  return {
    user: checkedUser(raw.user),
    channel: raw.channel,
    client: raw.client === "" ? undefined : raw.client,
    expireAtS: expiryOf(raw),
    info: bytesOf(raw.info, raw.b64info, "invalid"),
    data: bytesOf(raw.data, raw.b64data, "invalid"),
    override: raw.override ?? {},
    ...originOf(raw),
  };
}

/** What revocations go by. An id that is longer than any that can be revoked is kept out of every connection's memory. */
function originOf({ tokenId, issuedAtS }: RawClaims): Pick<ConnectionClaims, "tokenId" | "issuedAtS"> {
  const isId = tokenId !== undefined && tokenId !== "" && tokenId.length <= tokenIdLengthMax;
  return { ...(isId ? { tokenId } : {}), ...(issuedAtS === undefined ? {} : { issuedAtS }) };
}

/** A wrong type is invalid wherever it stands, also in a member that a later one of the same name overwrites. */
function readClaims(payload: Uint8Array, userIdClaimName: string, kind: "connection" | "subscription"): RawClaims {
  const raw: RawClaims = {};
  for (const member of claimsOf(payload)) {
    // A renamed user id is read as the real server reads it: exact name, the first of several, a number as its digits.
    if (member.name === userIdClaimName) raw.user ??= userIdClaim(member.value);
    const name = foldedName(member.name);
    readCommonClaim(raw, name, member.value, userIdClaimName);
    if (kind === "connection") readConnectionClaim(raw, name, member.value);
    else readSubscriptionClaim(raw, name, member.value);
  }
  return raw;
}

function claimsOf(payload: Uint8Array): ReturnType<typeof membersOf> {
  const source = sourceText(payload);
  const value: unknown = JSON.parse(source);
  if (typeof value !== "object" || Array.isArray(value)) throw invalid("the claims are not an object");
  return value === null ? [] : membersOf(source);
}

function readCommonClaim(raw: RawClaims, name: string, source: string, userIdClaimName: string): void {
  switch (name) {
    case "sub": {
      const subject = stringClaim(source);
      if (userIdClaimName === "") raw.user = subject ?? raw.user;
      return;
    }
    case "exp":
      raw.expS = numericDateClaim(source) ?? raw.expS;
      return;
    case "nbf":
      raw.nbfS = numericDateClaim(source) ?? raw.nbfS;
      return;
    case "iat":
      raw.issuedAtS = numericDateClaim(source) ?? raw.issuedAtS;
      return;
    case "jti":
      raw.tokenId = stringClaim(source) ?? raw.tokenId;
      return;
    case "aud":
      raw.audience = audienceClaim(source);
      return;
    case "iss":
      raw.issuer = stringClaim(source) ?? raw.issuer;
      return;
    case "expire_at":
      raw.expireAtS = integerClaim(source) ?? raw.expireAtS;
      return;
    case "channel":
      raw.channel = stringClaim(source) ?? raw.channel;
      return;
    case "info":
      raw.info = rawClaim(source);
      return;
    case "b64info":
      raw.b64info = stringClaim(source) ?? raw.b64info;
      return;
  }
}

function readConnectionClaim(raw: RawClaims, name: string, source: string): void {
  switch (name) {
    case "meta":
      raw.meta = rawClaim(source);
      return;
    case "channels":
      raw.channels = nameListClaim(source) ?? raw.channels;
      return;
    case "subs":
      raw.subs ??= new Map();
      for (const member of objectMembers(source)) raw.subs.set(detached(member.name), member.value);
      return;
  }
}

function readSubscriptionClaim(raw: RawClaims, name: string, source: string): void {
  switch (name) {
    case "client":
      raw.client = stringClaim(source) ?? raw.client;
      return;
    case "data":
      raw.data = rawClaim(source);
      return;
    case "b64data":
      raw.b64data = stringClaim(source) ?? raw.b64data;
      return;
    case "override":
      raw.override = { ...raw.override, ...decodeOverride(source) };
      return;
  }
}

function checkIssued(raw: RawClaims, rules: ClaimRules): void {
  if (!rules.issued.accepts(raw)) throw invalid("another audience or issuer");
}

function checkTimes(raw: RawClaims, rules: ClaimRules): void {
  if (raw.expS !== undefined && raw.expS * 1_000 <= rules.nowMs) throw new TokenRefusal("expired", "exp has passed");
  if (raw.nbfS !== undefined && raw.nbfS * 1_000 > rules.nowMs) throw new TokenRefusal("expired", "nbf is ahead");
}

/** `expire_at` outranks `exp`; zero or less means no expiry. */
function expiryOf(raw: RawClaims): number | undefined {
  if (raw.expireAtS === undefined) return raw.expS;
  return raw.expireAtS > 0 ? raw.expireAtS : undefined;
}

/** Absent: anonymous. NUL and endless ids are refused (J9, a deviation). */
function checkedUser(user: string | undefined): string {
  if (user === undefined) return "";
  if (user.includes("\0")) throw invalid("the user id holds a NUL");
  if (Buffer.byteLength(user) > userIdBytesMax) throw invalid("the user id is too long");
  return user;
}

function decodeServerSubscription(source: string): ServerSubscription {
  let info: Uint8Array | undefined;
  let data: Uint8Array | undefined;
  let b64info: string | undefined;
  let b64data: string | undefined;
  let override: OptionOverride = {};
  for (const member of objectMembers(source)) {
    switch (foldedName(member.name)) {
      case "info":
        info = rawClaim(member.value);
        break;
      case "b64info":
        b64info = stringClaim(member.value) ?? b64info;
        break;
      case "data":
        data = rawClaim(member.value);
        break;
      case "b64data":
        b64data = stringClaim(member.value) ?? b64data;
        break;
      case "override":
        override = { ...override, ...decodeOverride(member.value) };
        break;
    }
  }
  return { info: bytesOf(info, b64info, "invalid"), data: bytesOf(data, b64data, "invalid"), override };
}

const overrideNames: ReadonlyMap<string, keyof OptionOverride> = new Map([
  ["presence", "presence"],
  ["join_leave", "joinLeave"],
  ["force_push_join_leave", "forcePushJoinLeave"],
  ["force_recovery", "forceRecovery"],
  ["force_positioning", "forcePositioning"],
]);

/** `{"presence":{"value":true}, ...}`; an option without `value` is off, as in the real server. */
function decodeOverride(source: string): OptionOverride {
  const override: { -readonly [Name in keyof OptionOverride]: boolean } = {};
  for (const member of objectMembers(source)) {
    const option = overrideNames.get(foldedName(member.name));
    if (option === undefined || isNull(member.value)) continue;
    let value = false;
    for (const inner of objectMembers(member.value)) {
      if (foldedName(inner.name) === "value") value = booleanClaim(inner.value) ?? value;
    }
    override[option] = value;
  }
  return override;
}

/** Members of an object; none for null. */
function objectMembers(source: string): ReturnType<typeof membersOf> {
  if (isNull(source)) return [];
  if (!source.startsWith("{")) throw invalid("a claim that must be an object is not");
  return membersOf(source);
}

function isNull(source: string): boolean {
  return source === "null";
}

/** The base64 form wins. Bad base64 is an internal failure at the top of a connection token and invalid elsewhere (J10). */
function bytesOf(raw: Uint8Array | undefined, base64: string | undefined, why: "internal" | "invalid"): Uint8Array | undefined {
  if (base64 === undefined || base64 === "") return raw;
  const bytes = base64Bytes(base64);
  if (bytes === undefined) throw new TokenRefusal(why, "bad base64");
  return bytes;
}
