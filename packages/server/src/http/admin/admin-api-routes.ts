import type { Clock } from "@fleetcast/engine";
import type { Audit } from "../../administration/audit.ts";
import type { AdminConfig } from "../../config/config.ts";
import type { Logger } from "../../log.ts";
import type { PushEngine } from "../../push/push-engine.ts";
import { Fields, MalformedJson } from "../../push/raw-json/fields.ts";
import { skipSpace } from "../../push/raw-json/scan.ts";
import { readBody } from "../api/body.ts";
import { runCommands } from "../api/legacy.ts";
import { reply } from "../api/replies.ts";
import { UnencodableResult } from "../api/results.ts";
import type { Peer, Route } from "../route.ts";
import { dataSecurityHeaders } from "../security.ts";
import { createAdminPassword } from "./admin-password.ts";

export interface AdminApiPorts {
  readonly admin: AdminConfig;
  readonly push: PushEngine;
  readonly audit: Audit;
  /** Of a request: behind a stated proxy not the peer's. */
  readonly addressOf: (request: Request, peer: Peer) => string;
  readonly bodyBytesMax: number;
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly log: Logger;
}

const formBytesMax = 16_384;

/**
 * Centrifugo's admin API (ADM20-ADM25): `init` tells whether one is signed in, `auth` turns the password into a token, `api` takes
 * the commands of `POST /api` under that token.
 */
export function createAdminApiRoutes(ports: AdminApiPorts): Route[] {
  const { admin, clock } = ports;
  if (!admin.enabled) return [];
  const prefix = admin.handlerPrefix === "/" ? "" : admin.handlerPrefix;
  const door = createAdminPassword({ ...admin, clock });
  const isSignedIn = (request: Request): boolean => {
    if (admin.insecure) return isOwnPage(request);
    const [scheme, token, ...more] = (request.headers.get("authorization") ?? "").trim().split(/\s+/);
    return scheme?.toLowerCase() === "token" && token !== undefined && more.length === 0 && door.isToken(token);
  };
  const route = (path: string, bodyBytesMax: number, handle: Route["handle"]): Route => ({
    method: "*",
    path: `${prefix}/admin/${path}`,
    listener: admin.external ? "external" : "internal",
    bodyBytesMax,
    handle,
  });
  return [
    route("init", formBytesMax, (request) => json({ authenticated: isSignedIn(request), edition: "oss", insecure: admin.insecure })),
    route("auth", formBytesMax, async (request, peer) => {
      if (request.method !== "POST") return new Response(null, { status: 405 });
      const address = ports.addressOf(request, peer);
      const password = await passwordOf(request);
      const outcome = password === undefined ? ({ kind: "wrong" } as const) : door.login(password, address);
      switch (outcome.kind) {
        case "throttled":
          return plain(429, "Too Many Requests", { "retry-after": String(outcome.retryAfterS) });
        case "wrong":
          return plain(400, "Bad Request");
        case "ok":
          await ports.audit.note({ actor: "admin", action: "login", target: "admin", address });
          return json({ token: outcome.token });
      }
    }),
    route("api", ports.bodyBytesMax, async (request, peer) => {
      if (request.method !== "POST") return new Response(null, { status: 405 });
      if (!isSignedIn(request)) return new Response(null, { status: 401 });
      const body = await readBody(request, ports.bodyBytesMax);
      if (body === "too large") return plain(413, "Request Entity Too Large");
      return answerCommands(body, ports, ports.addressOf(request, peer));
    }),
  ];
}

async function answerCommands(body: Uint8Array, { push, log, audit }: AdminApiPorts, address: string): Promise<Response> {
  try {
    const { body: answer } = await runCommands(body, (_method, call) => reply(call, push, log));
    for (const { method, target } of deedsOf(body)) {
      await audit.note({ actor: "admin", action: "api.call", target, detail: { method }, address });
    }
    return new Response(answer as string | Uint8Array<ArrayBuffer>, { headers: { "content-type": "application/json" } });
  } catch (cause) {
    if (cause instanceof MalformedJson) return plain(400, "Bad Request");
    if (cause instanceof UnencodableResult) return plain(500, "Internal Server Error");
    throw cause;
  }
}

/** Methods that only look. */
const looking: ReadonlySet<string> = new Set([
  "presence",
  "presence_stats",
  "history",
  "channels",
  "info",
  "map_read_state",
  "map_read_stream",
  "map_stats",
]);

/** More in one request are told by the first ones. */
const deedsMax = 100;

/** What a body asked to change, for the audit; it was read as commands before. */
function deedsOf(body: Uint8Array): { readonly method: string; readonly target: string }[] {
  const deeds: { readonly method: string; readonly target: string }[] = [];
  for (let at = skipSpace(body, 0); at < body.length && deeds.length < deedsMax; ) {
    const [command, end] = Fields.at(body, at);
    const method = methodOf(command);
    const params = command.object("params");
    if (!looking.has(method)) deeds.push({ method, target: params?.text("channel") ?? params?.text("user") ?? "" });
    at = skipSpace(body, end);
  }
  return deeds;
}

function methodOf(command: Fields): string {
  const raw = command.raw("method");
  if (raw === undefined) return "publish";
  const text = new TextDecoder().decode(raw);
  return text.replaceAll('"', "").toLowerCase().slice(0, 64);
}

/** Without a login a foreign page must not be able to make the browser of somebody on this machine send commands. */
function isOwnPage(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

/** Form or multipart, never the query: that would stand in the logs of everything between. Undefined: cannot be read. */
async function passwordOf(request: Request): Promise<string | undefined> {
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(request.headers.get("content-type") ?? "")) return undefined;
  try {
    const password = (await request.formData()).get("password");
    return typeof password === "string" ? password : "";
  } catch {
    // A form that cannot be read holds no password.
    return undefined;
  }
}

function json(body: unknown): Response {
  const headers = { ...dataSecurityHeaders(), "content-type": "application/json", "cache-control": "no-store" };
  return new Response(`${JSON.stringify(body)}\n`, { headers });
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}
