import type {
  AuditPage,
  ConnectionPage,
  DisconnectRequest,
  RevocationEnd,
  RevocationList,
  RevocationRequest,
  UserList,
} from "@fleetcast/protocol";
import { z } from "zod";
import { named } from "../openapi/shapes.ts";
import { integerShape, queryParameter, v1Operation } from "./operations.ts";

/** People and connections, for administrators: bodies, bounds, and what the document says. */

const subject = z.string().min(1).max(1_024);
const what = z.enum(["user", "token", "tokens", "machine"]);

export const revocationSchema: z.ZodType<RevocationRequest> = named(
  "RevocationRequest",
  z.strictObject({
    what,
    subject,
    before_s: z.int().min(1).optional(),
    expire_at: z.int().min(1).max(8_640_000_000_000).optional(),
    reason: z.string().max(256).optional(),
  }),
);
export const endSchema: z.ZodType<RevocationEnd> = named("RevocationEnd", z.strictObject({ what, subject }));
export const disconnectSchema: z.ZodType<DisconnectRequest> = named(
  "DisconnectRequest",
  z.strictObject({ user: z.string().max(1_024), client: z.string().max(64).optional() }),
);

const userListShape = named(
  "UserList",
  z.object({
    users: z.array(
      z.object({ id: z.string(), name: z.string(), role: z.enum(["viewer", "operator", "developer", "admin"]), blocked: z.boolean() }),
    ),
  }),
) satisfies z.ZodType<UserList>;

const revocationListShape = named(
  "RevocationList",
  z.object({
    revocations: z.array(
      z.object({
        what: z.enum(["user", "token", "tokens", "session", "machine"]),
        subject: z.string(),
        before_s: z.int().nullable(),
        since: z.string(),
        until: z.string().nullable(),
        by: z.string(),
        reason: z.string(),
      }),
    ),
  }),
) satisfies z.ZodType<RevocationList>;

const auditPageShape = named(
  "AuditPage",
  z.object({
    entries: z.array(
      z.object({
        id: z.int(),
        at: z.string(),
        actor: z.string(),
        action: z.string(),
        target: z.string(),
        detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
        address: z.string().nullable(),
      }),
    ),
    next: z.int().nullable(),
  }),
) satisfies z.ZodType<AuditPage>;

const connectionPageShape = named(
  "ConnectionPage",
  z.object({
    connections: z.array(
      z.object({
        client: z.string(),
        user: z.string(),
        transport: z.string(),
        protocol: z.string(),
        name: z.string(),
        version: z.string(),
        address: z.string(),
        connected_at: z.string(),
        queued_bytes: z.int().min(0),
        channels: z.array(z.string()),
        channel_count: z.int().min(0),
      }),
    ),
    total: z.int().min(0),
    next: z.string().nullable(),
  }),
) satisfies z.ZodType<ConnectionPage>;

export const auditBounds = { limit: { min: 1, max: 200 }, before: { min: 1, max: Number.MAX_SAFE_INTEGER } };
export const connectionBounds = { min: 1, max: 500 };
export const pageDefault = 50;
export const anyText = /^[\s\S]{1,1024}$/;
export const actionPattern = /^[a-z._]{1,32}$/;
export const clientPattern = /^[0-9a-f-]{1,64}$/;

const someText = { type: "string", minLength: 1, maxLength: 1_024 };
const howMany = { en: "How many at most.", zh: "最多返回多少条。" };

export const administrationOperations = {
  users: v1Operation({
    id: "users",
    method: "GET",
    path: "/v1/users",
    tag: "administration",
    summary: { en: "Lists the people who may sign in", zh: "列出可登录的用户" },
    access: "session",
    answer: userListShape,
    ok: { en: "The users", zh: "用户列表" },
    refuses: [403],
  }),
  revocations: v1Operation({
    id: "revocations",
    method: "GET",
    path: "/v1/revocations",
    tag: "administration",
    summary: { en: "Lists who and what is shut out", zh: "列出被封禁的对象" },
    access: "session",
    answer: revocationListShape,
    ok: { en: "What is shut out", zh: "封禁列表" },
    refuses: [403],
  }),
  shutOut: v1Operation({
    id: "shutOut",
    method: "POST",
    path: "/v1/revocations",
    tag: "administration",
    summary: { en: "Shuts out a user, a token, a user's tokens or a machine", zh: "封禁用户、令牌、用户的全部令牌或机器" },
    text: { en: "What is open is cut at once.", zh: "已建立的连接立即断开。" },
    access: "session_write",
    request: { shape: revocationSchema, example: { what: "user", subject: "someone", reason: "left the company" } },
    ok: { en: "Shut out", zh: "已封禁" },
    refuses: [404, 409],
  }),
  letIn: v1Operation({
    id: "letIn",
    method: "POST",
    path: "/v1/revocations/end",
    tag: "administration",
    summary: { en: "Takes a revocation back", zh: "解除封禁" },
    access: "session_write",
    request: { shape: endSchema, example: { what: "user", subject: "someone" } },
    ok: { en: "Let in again", zh: "已解除" },
    refuses: [404],
  }),
  audit: v1Operation({
    id: "audit",
    method: "GET",
    path: "/v1/audit",
    tag: "administration",
    summary: { en: "Lists who did what, newest first", zh: "列出操作记录，最新在前" },
    access: "session",
    parameters: [
      queryParameter("actor", someText, { en: "Only what this one did.", zh: "只列此人的操作。" }),
      queryParameter("action", { type: "string", pattern: actionPattern.source }, { en: "Only this action.", zh: "只列此操作。" }),
      queryParameter("before", integerShape(auditBounds.before), { en: "`next` of the page before.", zh: "上一页返回的 `next`。" }),
      queryParameter("limit", integerShape(auditBounds.limit, pageDefault), howMany),
    ],
    answer: auditPageShape,
    ok: { en: "The entries", zh: "操作记录" },
    refuses: [400, 403],
  }),
  connections: v1Operation({
    id: "connections",
    method: "GET",
    path: "/v1/connections",
    tag: "administration",
    summary: { en: "Lists live connections", zh: "列出实时连接" },
    text: { en: "Not with a real Centrifugo behind: 404.", zh: "后端为真实 Centrifugo 时不可用：404。" },
    access: "session",
    parameters: [
      queryParameter("user", someText, { en: "Only this user's.", zh: "只列此用户的连接。" }),
      queryParameter("channel", someText, { en: "Only those in this channel.", zh: "只列此频道中的连接。" }),
      queryParameter(
        "after",
        { type: "string", pattern: clientPattern.source },
        { en: "`next` of the page before.", zh: "上一页返回的 `next`。" },
      ),
      queryParameter("limit", integerShape(connectionBounds, pageDefault), howMany),
    ],
    answer: connectionPageShape,
    ok: { en: "The connections", zh: "连接列表" },
    refuses: [400, 403, 404],
  }),
  disconnect: v1Operation({
    id: "disconnectUser",
    method: "POST",
    path: "/v1/connections/disconnect",
    tag: "administration",
    summary: { en: "Ends a user's connections", zh: "断开用户的连接" },
    text: { en: "The client may not come back by itself (3503).", zh: "客户端不会自行重连（3503）。" },
    access: "session_write",
    request: { shape: disconnectSchema, example: { user: "admin_user_01" } },
    ok: { en: "Ended", zh: "已断开" },
  }),
};
