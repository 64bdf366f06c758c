import type { RealtimeToken, SubscriptionToken, SubscriptionTokenRequest } from "@fleetcast/protocol";
import { z } from "zod";
import { sessionIdOf } from "../../auth/users/sessions.ts";
import { bodyBytesAtDoorMax, readJsonBody } from "../body.ts";
import { named } from "../openapi/shapes.ts";
import { jsonResponse } from "../problem.ts";
import type { Route } from "../route.ts";
import { realtimeTokenShape, subscriptionTokenShape } from "./answers.ts";
import type { V1Config, V1Dependencies } from "./dependencies.ts";
import { notAllowed, signedIn } from "./guard.ts";
import { v1Operation } from "./operations.ts";

/** The SDK asks again before the end; a revoked user gets no new one. Seconds. */
const tokenTtlS = 600;
const bodyBytesMax = 1_024;
const requestSchema: z.ZodType<SubscriptionTokenRequest> = named(
  "SubscriptionTokenRequest",
  z.strictObject({ channel: z.string().min(1).max(255) }),
);

export const realtimeOperations = {
  token: v1Operation({
    id: "realtimeToken",
    method: "GET",
    path: "/v1/realtime/token",
    tag: "realtime",
    summary: { en: "Makes a connection token for who is signed in", zh: "为当前用户签发连接令牌" },
    access: "session",
    answer: realtimeTokenShape,
    ok: { en: "The token, how long it lives, and where to connect", zh: "令牌、有效期和连接地址" },
    refuses: [503],
  }),
  subscriptionToken: v1Operation({
    id: "subscriptionToken",
    method: "POST",
    path: "/v1/realtime/subscription-token",
    tag: "realtime",
    summary: { en: "Makes a subscription token for `fleet:` and `feed:` channels", zh: "为 `fleet:`、`feed:` 频道签发订阅令牌" },
    access: "session_write",
    request: { shape: requestSchema, example: { channel: "fleet:all" } },
    answer: subscriptionTokenShape,
    ok: { en: "The token", zh: "令牌" },
    refuses: [503],
  }),
};

/** Namespaces whose channels a subscription token opens; all others are decided by the subscribe policy alone. */
const tokenChannel = /^(?:(?:fleet|feed):[A-Za-z0-9_-]{1,64}|console_tail:trace_[A-Za-z0-9_-]{22})$/;

export function realtimeRoutes(dependencies: V1Dependencies): Route[] {
  const { signer, can, config } = dependencies;
  return [
    {
      method: "GET",
      path: "/v1/realtime/token",
      listener: "external",
      bodyBytesMax: 0,
      operations: [realtimeOperations.token],
      handle: signedIn(dependencies, undefined, ({ session }) => {
        const { token } = signer.signConnectionToken(session.user, tokenTtlS, sessionIdOf(session));
        const answer: RealtimeToken = { token, ttl_s: tokenTtlS, url: realtimeUrl(config) };
        return jsonResponse(answer);
      }),
    },
    {
      method: "POST",
      path: "/v1/realtime/subscription-token",
      listener: "external",
      bodyBytesMax: bodyBytesAtDoorMax,
      operations: [realtimeOperations.subscriptionToken],
      handle: signedIn(dependencies, undefined, async ({ request, principal, session }) => {
        const { channel } = await readJsonBody(request, requestSchema, bodyBytesMax);
        if (!tokenChannel.test(channel) || !can(principal, "subscribe", channel)) throw notAllowed();
        const { token } = signer.signSubscriptionToken(principal.userId, channel, tokenTtlS, sessionIdOf(session));
        const answer: SubscriptionToken = { token };
        return jsonResponse(answer);
      }),
    },
  ];
}

/** With an external engine: its public address, or the same host with a proxy in front (rule N8). */
export function realtimeUrl({ push, websocket }: Pick<V1Config, "push" | "websocket">): string {
  if (push.engine === "centrifugo") return push.centrifugo.publicUrl || "/connection/websocket";
  return websocket.handlerPrefix || "/connection/websocket";
}
