import type { RealtimeToken, SubscriptionToken, SubscriptionTokenRequest } from "@fleetcast/protocol";
import { z } from "zod";
import { sessionIdOf } from "../../auth/users/sessions.ts";
import { bodyBytesAtDoorMax, readJsonBody } from "../body.ts";
import { jsonResponse } from "../problem.ts";
import type { Route } from "../route.ts";
import type { V1Config, V1Dependencies } from "./dependencies.ts";
import { notAllowed, signedIn } from "./guard.ts";

/** The SDK asks again before the end; a revoked user gets no new one. Seconds. */
const tokenTtlS = 600;
const bodyBytesMax = 1_024;
const requestSchema: z.ZodType<SubscriptionTokenRequest> = z.strictObject({ channel: z.string().min(1).max(255) });

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
