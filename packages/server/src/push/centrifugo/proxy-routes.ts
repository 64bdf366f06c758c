import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock, OptionOverride } from "@fleetcast/engine";
import type { PolicyAnswer, SubscribePolicy } from "../../auth/subscribe-policy.ts";
import { readBody } from "../../http/api/body.ts";
import type { Route } from "../../http/route.ts";
import type { Logger } from "../../log.ts";
import { Fields, MalformedJson } from "../raw-json/fields.ts";
import { joinParts } from "../raw-json/write.ts";

export const subscribeProxyPath = "/proxy/centrifugo/subscribe";
export const subRefreshProxyPath = "/proxy/centrifugo/sub_refresh";
export const proxySecretHeader = "X-Fleetcast-Proxy-Secret";

export interface CentrifugoProxyPorts {
  /** The very policy that the embedded engine asks (design section 7). */
  readonly policy: SubscribePolicy;
  /** Shared with Centrifugo, sent as `X-Fleetcast-Proxy-Secret`; an empty one closes the routes. */
  readonly secret: string;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Logger;
}

/** A permission is asked for again after this long at the latest: what makes revocation certain (N6). */
const permissionTtlS = 600;
const bodyBytesMax = 262_144;

/** What a real Centrifugo asks us when somebody subscribes; answered from memory (N6), on the internal listener only. */
export function createCentrifugoProxyRoutes(ports: CentrifugoProxyPorts): Route[] {
  const route = (path: string, run: (ports: CentrifugoProxyPorts, fields: Fields) => Promise<Uint8Array>): Route => ({
    method: "*",
    path,
    listener: "internal",
    bodyBytesMax,
    handle: (request) => answer(request, ports, run),
  });
  return [route(subscribeProxyPath, subscribe), route(subRefreshProxyPath, subRefresh)];
}

/** Any status but 200 is a failed call: Centrifugo then answers its client with error 100 (X1). */
async function answer(
  request: Request,
  ports: CentrifugoProxyPorts,
  run: (ports: CentrifugoProxyPorts, fields: Fields) => Promise<Uint8Array>,
): Promise<Response> {
  if (request.method !== "POST") return new Response(null, { status: 405 });
  if (!hasSecret(request, ports.secret)) return new Response(null, { status: 401 });
  const body = await readBody(request, bodyBytesMax);
  if (body === "too large") return new Response(null, { status: 413 });
  try {
    const json = (await run(ports, Fields.ofDocument(body))) as Uint8Array<ArrayBuffer>;
    return new Response(json, { headers: { "content-type": "application/json" } });
  } catch (cause) {
    if (cause instanceof MalformedJson) return new Response(null, { status: 400 });
    ports.log.error({ cause }, "a subscribe policy failed");
    return new Response(null, { status: 500 });
  }
}

function hasSecret(request: Request, secret: string): boolean {
  if (secret === "") return false;
  const given = request.headers.get(proxySecretHeader) ?? "";
  return timingSafeEqual(digest(given), digest(secret));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

async function subscribe(ports: CentrifugoProxyPorts, fields: Fields): Promise<Uint8Array> {
  const decision = await ports.policy.subscribe({
    ...subscription(fields),
    token: fields.text("token") ?? "",
    data: fields.raw("data"),
  });
  return decisionJson(decision, nowS(ports) + permissionTtlS);
}

/** A policy without a word on refreshing is asked its first question again. */
async function subRefresh(ports: CentrifugoProxyPorts, fields: Fields): Promise<Uint8Array> {
  const { policy } = ports;
  const asked = subscription(fields);
  const latestS = nowS(ports) + permissionTtlS;
  if (policy.subRefresh !== undefined) {
    const renewal = await policy.subRefresh(asked);
    if (renewal.expired) return expiredJson();
    return joinParts([`{"result":{"expire_at":${sooner(renewal.expireAtS, latestS)}}}`]);
  }
  const decision = await policy.subscribe({ ...asked, token: "", data: undefined });
  if (decision.kind !== "allow") return expiredJson();
  const info = decision.info === undefined ? [] : [',"info":', decision.info];
  return joinParts([`{"result":{"expire_at":${sooner(decision.expireAtS, latestS)}`, ...info, "}}"]);
}

function subscription(fields: Fields) {
  return {
    client: fields.text("client") ?? "",
    user: fields.text("user") ?? "",
    channel: fields.text("channel") ?? "",
    meta: fields.raw("meta"),
  };
}

function nowS(ports: CentrifugoProxyPorts): number {
  return Math.floor(ports.clock.wallMs() / 1_000);
}

function sooner(expireAtS: number | undefined, latestS: number): number {
  return Math.min(expireAtS ?? latestS, latestS);
}

function expiredJson(): Uint8Array {
  return joinParts(['{"result":{"expired":true}}']);
}

function decisionJson(decision: PolicyAnswer, latestS: number): Uint8Array {
  switch (decision.kind) {
    case "allow": {
      const parts: (string | Uint8Array)[] = [`{"result":{"expire_at":${sooner(decision.expireAtS, latestS)}`];
      if (decision.info !== undefined) parts.push(',"info":', decision.info);
      if (decision.data !== undefined) parts.push(',"data":', decision.data);
      if (decision.override !== undefined) parts.push(`,"override":${overrideJson(decision.override)}`);
      return joinParts([...parts, "}}"]);
    }
    case "error":
      return joinParts([
        JSON.stringify({ error: { code: decision.code, message: decision.message, temporary: decision.temporary === true } }),
      ]);
    case "disconnect":
      return joinParts([JSON.stringify({ disconnect: { code: decision.code, reason: decision.reason } })]);
  }
}

function overrideJson(override: OptionOverride): string {
  const wrapped = (value: boolean | undefined) => (value === undefined ? undefined : { value });
  return JSON.stringify({
    presence: wrapped(override.presence),
    join_leave: wrapped(override.joinLeave),
    force_push_join_leave: wrapped(override.forcePushJoinLeave),
    force_recovery: wrapped(override.forceRecovery),
    force_positioning: wrapped(override.forcePositioning),
  });
}
