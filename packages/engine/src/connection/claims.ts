import { type ConnectRequest, clientErrors, disconnects } from "@fleetcast/protocol";
import type { EngineContext } from "../context.ts";
import type { ConnectionClaims, ServerSubscription, TokenVerdict } from "../ports.ts";
import { guarded } from "../proxy-guard.ts";
import type { Connection } from "./connection.ts";
import { type Ending, endWith, type Refusal, refuse } from "./outcome.ts";

/** A server-side subscription that comes with the right to connect. */
export interface ClaimedSubscription extends ServerSubscription {
  readonly cacheRecover?: boolean;
}

/** Who connects, and what came with the right to. */
export interface Claimed {
  readonly kind: "claimed";
  readonly from: "token" | "proxy" | "nobody" | "header";
  readonly user: string;
  /** Unix seconds; undefined: never. */
  readonly expireAtS: number | undefined;
  readonly info: Uint8Array | undefined;
  readonly meta: Uint8Array | undefined;
  /** `data` of the connect reply. */
  readonly data: Uint8Array | undefined;
  readonly subscriptions: ReadonlyMap<string, ClaimedSubscription>;
  readonly tokenId?: string | undefined;
  /** Unix seconds; NaN for a token that does not say. */
  readonly issuedAtS?: number;
}

type Failure = Refusal | Ending;

const nobody: Claimed = {
  kind: "claimed",
  from: "nobody",
  user: "",
  expireAtS: undefined,
  info: undefined,
  meta: undefined,
  data: undefined,
  subscriptions: new Map(),
};
const noOverride: ServerSubscription = { info: undefined, data: undefined, override: {} };

/**
 * Who connects. A token is believed or refused, and nobody else is asked then; without one the connect proxy is asked. Where
 * neither says who it is, the anonymous options help, then the user that something in front of us vouches for (C12).
 */
export function claim(connection: Connection, client: string, request: ConnectRequest): Claimed | Failure | Promise<Claimed | Failure> {
  const { context } = connection;
  if (request.token !== "") {
    const verified = context.ports.verifier.connection(request.token);
    // Most verdicts are there at once: nothing then waits for the turn of a promise.
    return verified instanceof Promise ? verified.then((known) => claimByToken(context, known)) : claimByToken(context, verified);
  }
  if (context.ports.proxies.connect === undefined) return claimWithoutToken(connection);
  return claimByProxy(connection, client, request).then((answered) => answered ?? claimWithoutToken(connection));
}

function claimWithoutToken({ context: { options }, transport: { headerUser } }: Connection): Claimed | Failure {
  if (options.allowAnonymousConnectWithoutToken || options.insecure) return nobody;
  return headerUser === undefined ? endWith(disconnects.badRequest) : { ...nobody, from: "header", user: headerUser };
}

function claimByToken({ options }: EngineContext, verified: TokenVerdict<ConnectionClaims>): Claimed | Failure {
  if (!verified.ok) {
    if (verified.why === "invalid") return endWith(disconnects.invalidToken);
    return refuse(verified.why === "expired" ? clientErrors.tokenExpired : clientErrors.internal);
  }
  const { user, expireAtS, info, meta, channels, subs, tokenId, issuedAtS } = verified.claims;
  if (user === "" && options.disallowAnonymousConnectionTokens) return endWith(disconnects.permissionDenied);
  return {
    kind: "claimed",
    from: "token",
    user,
    expireAtS: options.insecure ? undefined : expireAtS,
    info,
    meta,
    data: undefined,
    subscriptions: tokenChannels({ channels, subs }),
    tokenId,
    issuedAtS: issuedAtS ?? Number.NaN,
  };
}

/** Undefined: the backend does not say who it is. */
async function claimByProxy(connection: Connection, client: string, request: ConnectRequest): Promise<Claimed | Failure | undefined> {
  const { transport, context } = connection;
  const { proxies, report } = context.ports;
  const { data, name, version, headers } = request;
  const caller = { client, user: "", transport, emulatedHeaders: headers, meta: undefined };
  try {
    const answer = await proxies.connect?.(caller, { data, name, version, channels: [...request.subs.keys()] });
    if (answer === undefined) return undefined;
    if (answer.kind !== "result") return guarded(answer, "connect", report);
    const { result } = answer;
    if (result === undefined) return undefined;
    const channels = result.channels.map((channel) => [channel, noOverride] as const);
    return {
      kind: "claimed",
      from: "proxy",
      user: result.user,
      expireAtS: result.expireAtS,
      info: result.info,
      meta: result.meta,
      data: result.data,
      subscriptions: new Map([...channels, ...result.subs]),
    };
  } catch (cause) {
    report("the connect proxy did not answer", cause);
    return refuse(clientErrors.internal);
  }
}

/** Channels of a token: `subs` where there are any, else `channels` with the namespaces' own terms. */
export function tokenChannels(claims: {
  readonly channels: readonly string[];
  readonly subs: ReadonlyMap<string, ServerSubscription>;
}): ReadonlyMap<string, ServerSubscription> {
  if (claims.subs.size > 0 || claims.channels.length === 0) return claims.subs;
  return new Map(claims.channels.map((channel) => [channel, noOverride]));
}
