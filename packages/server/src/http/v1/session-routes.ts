import type { LoginRequest, Me } from "@fleetcast/protocol";
import { z } from "zod";
import { auditRecord } from "../../administration/audit.ts";
import type { Session } from "../../auth/users/sessions.ts";
import { passwordLengthMax } from "../../auth/users/user.ts";
import { bodyBytesAtDoorMax, readJsonBody } from "../body.ts";
import { named } from "../openapi/shapes.ts";
import { emptyResponse, jsonResponse, Problem } from "../problem.ts";
import type { Peer, Route } from "../route.ts";
import { meShape } from "./answers.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { answering, signedIn } from "./guard.ts";
import { isLoopback } from "./loopback.ts";
import { v1Operation } from "./operations.ts";

const loginBytesMax = 4_096;
const loginSchema: z.ZodType<LoginRequest> = named(
  "LoginRequest",
  z.strictObject({
    name: z.string().min(1).max(256),
    password: z.string().min(1).max(passwordLengthMax),
  }),
);

export const sessionOperations = {
  login: v1Operation({
    id: "login",
    method: "POST",
    path: "/v1/session",
    tag: "session",
    summary: { en: "Signs in", zh: "登录" },
    text: {
      en: "Sets the session's cookie. After ten failures in a minute from one address the answer is 429 for a while.",
      zh: "设置会话 Cookie。同一地址一分钟内失败十次后，一段时间内返回 429。",
    },
    access: "none",
    request: { shape: loginSchema, example: { name: "admin", password: "a long password" } },
    answer: meShape,
    ok: { en: "Signed in", zh: "已登录" },
    refuses: [401, 429],
  }),
  logout: v1Operation({
    id: "logout",
    method: "DELETE",
    path: "/v1/session",
    tag: "session",
    summary: { en: "Signs out", zh: "退出登录" },
    access: "session_write",
    ok: { en: "Signed out", zh: "已退出" },
  }),
  me: v1Operation({
    id: "me",
    method: "GET",
    path: "/v1/me",
    tag: "session",
    summary: { en: "Tells who is signed in", zh: "当前登录用户" },
    access: "session",
    answer: meShape,
    ok: { en: "The user, and the CSRF value for writes", zh: "用户信息，以及写操作所需的 CSRF 值" },
  }),
};

export function sessionRoutes(dependencies: V1Dependencies): Route[] {
  const { sessions, login, audit, config, clock, log } = dependencies;
  const isSecure = (peer: Peer) => peer.secure || config.http.tlsInFront;
  const me = ({ user, csrf }: Session): Me => ({ id: user.id, name: user.name, role: user.role, csrf, server_time_ms: clock.wallMs() });

  return [
    {
      method: "POST",
      path: "/v1/session",
      listener: "external",
      bodyBytesMax: bodyBytesAtDoorMax,
      operations: [sessionOperations.login],
      handle: answering(log, async (request, peer) => {
        const { name, password } = await readJsonBody(request, loginSchema, loginBytesMax);
        const address = clientAddress(request, peer, config.http.tlsInFront);
        const outcome = await login({ name, password, address });
        switch (outcome.kind) {
          case "throttled":
            throw new Problem(429, "too_many_logins", "too many attempts; try again later", {
              headers: { "Retry-After": String(outcome.retryAfterS) },
            });
          case "blocked":
            await audit.note({ actor: outcome.user.id, action: "login.refused", target: outcome.user.id, address });
            throw new Problem(403, "blocked", "you are blocked; an administrator can let you in again");
          case "wrong":
            throw new Problem(401, "wrong_login", "wrong name or password");
          case "ok": {
            const session = sessions.start(outcome.user);
            await audit.note({ actor: outcome.user.id, action: "login", target: outcome.user.id, address });
            log.info({ user: outcome.user.id }, "signed in");
            return jsonResponse(me(session), { headers: { "Set-Cookie": sessions.setCookie(session, isSecure(peer)) } });
          }
        }
      }),
    },
    {
      method: "DELETE",
      path: "/v1/session",
      listener: "external",
      bodyBytesMax: 0,
      operations: [sessionOperations.logout],
      handle: signedIn(dependencies, undefined, async ({ session, peer, request }) => {
        const address = clientAddress(request, peer, config.http.tlsInFront);
        const { id } = session.user;
        await sessions.end(session, [auditRecord({ actor: id, action: "logout", target: id, address })]);
        return emptyResponse({ "Set-Cookie": sessions.clearCookie(isSecure(peer)) });
      }),
    },
    {
      method: "GET",
      path: "/v1/me",
      listener: "external",
      bodyBytesMax: 0,
      operations: [sessionOperations.me],
      handle: signedIn(dependencies, undefined, ({ session, peer }) => {
        const renewed = sessions.renewed(session);
        const headers = renewed === undefined ? {} : { "Set-Cookie": sessions.setCookie(renewed, isSecure(peer)) };
        return jsonResponse(me(session), { headers });
      }),
    },
  ];
}

/**
 * The address whose failures count. Behind a stated proxy on this machine every peer is that proxy; its last
 * `X-Forwarded-For` entry is then the client. Anybody else's header is not believed.
 */
export function clientAddress(request: Request, peer: Peer, tlsInFront: boolean): string {
  if (!tlsInFront || !isLoopback(peer.remoteAddress)) return peer.remoteAddress;
  return request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim().slice(0, 64) || peer.remoteAddress;
}
