import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Audit } from "../administration/audit.ts";
import { type Actor, type Desk, type ShutOut, type ShutOutKind, shutOutKinds } from "../administration/desk.ts";
import { BadMachineId, type MachineAuth } from "../auth/machines.ts";
import { isRole, UserRefusal } from "../auth/users/user.ts";
import type { Users } from "../auth/users/users.ts";
import type { Config } from "../config/config.ts";
import type { Peer, Route } from "../http/route.ts";
import { dataSecurityHeaders } from "../http/security.ts";
import { isLoopback } from "../http/v1/loopback.ts";
import { Refusal } from "../refusal.ts";
import { internalRoutesTls } from "./certificates/internal-tls.ts";

/**
 * What the command line asks of a running server: its store has one owner, so `machine add` and `user add` of another
 * process go through here. Only from this machine, and only with a key derived from `secrets.json`, which proves that the
 * caller may read the data folder anyway.
 */
export interface AdminPorts {
  readonly users: Users;
  readonly machines: MachineAuth;
  readonly desk: Desk;
  readonly audit: Audit;
  readonly config: Pick<Config, "http" | "secrets">;
}

export const adminPaths = {
  machines: "/admin/v1/machines",
  users: "/admin/v1/users",
  passwords: "/admin/v1/passwords",
  shutOut: "/admin/v1/shut-out",
  letIn: "/admin/v1/let-in",
} as const;

/** Everything that the commands write; answered by a running server, or done directly where none runs. */
export interface AdminActions {
  /** @throws BadMachineId */
  addMachine(vmId: string): Promise<{ readonly secret: string }>;
  /** @throws UserRefusal */
  addUser(name: string, role: string, password: string | undefined): Promise<{ readonly id: string; readonly password: string }>;
  /** @throws UserRefusal */
  setPassword(name: string, password: string | undefined): Promise<{ readonly password: string }>;
  /** `subject` of a user may be the name of one of ours. Answers the id that it stands for. @throws Refusal */
  shutOut(request: ShutOut): Promise<{ readonly subject: string }>;
  /** @throws Refusal where nobody of that name is shut out */
  letIn(what: ShutOutKind, subject: string): Promise<{ readonly subject: string }>;
}

/** Whoever can read the data folder. */
const actor: Actor = { actor: "cli" };

export function adminKey(secrets: Config["secrets"]): string {
  return createHmac("sha256", secrets.metaKey).update("fleetcast admin 1").digest("base64url");
}

/** Where a running server answers these routes, seen from its own machine. */
export function adminUrl(http: Config["http"]): string {
  const [address, port] = http.internalPort === 0 ? [http.address, http.port] : [http.internalAddress, http.internalPort];
  const host = address === "" || address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
  const scheme = internalRoutesTls(http) === undefined ? "http" : "https";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** A password for people to copy once: 120 bits. */
export function randomPassword(): string {
  return randomBytes(15).toString("base64url");
}

export function adminActions(ports: Pick<AdminPorts, "users" | "machines" | "desk" | "audit">): AdminActions {
  const { users, machines, desk, audit } = ports;
  const idOf = (what: ShutOutKind, subject: string): string =>
    what === "user" || what === "tokens" ? (users.byName(subject)?.id ?? subject) : subject;
  return {
    async addMachine(vmId) {
      const secret = await machines.addMachine(vmId);
      await audit.note({ ...actor, action: "machine.add", target: vmId });
      return { secret };
    },
    async addUser(name, role, password = randomPassword()) {
      if (!isRole(role)) throw new Refusal("bad_role", "a role is viewer, operator, developer or admin");
      const user = await users.createUser({ name, role, password });
      await audit.note({ ...actor, action: "user.add", target: user.id, detail: { name: user.name, role } });
      return { id: user.id, password };
    },
    async setPassword(name, password = randomPassword()) {
      const user = users.byName(name);
      if (user === undefined) throw new Refusal("no_such_user", "there is no such user");
      await users.setPassword(user.id, password);
      await audit.note({ ...actor, action: "user.password", target: user.id });
      return { password };
    },
    async shutOut(request) {
      const subject = idOf(request.what, request.subject);
      await desk.shutOut({ ...request, subject }, actor);
      return { subject };
    },
    async letIn(what, name) {
      const subject = idOf(what, name);
      if (await desk.letIn(what, subject, actor)) return { subject };
      throw new Refusal("not_shut_out", "nobody of that name is shut out");
    },
  };
}

const bodyBytesMax = 4_096;

export function createAdminRoutes(ports: AdminPorts): Route[] {
  const actions = adminActions(ports);
  const key = createHash("sha256").update(adminKey(ports.config.secrets)).digest();
  const isOwner = (request: Request, peer: Peer): boolean => {
    const own = ports.config.http.internalAddress;
    // What comes through a proxy comes from somewhere else.
    if (request.headers.has("x-forwarded-for") || request.headers.has("forwarded")) return false;
    if (!isLoopback(peer.remoteAddress) && (own === "" || peer.remoteAddress !== own)) return false;
    const given = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
    return timingSafeEqual(createHash("sha256").update(given).digest(), key);
  };
  const route = (path: string, act: (body: Record<string, unknown>) => Promise<unknown>): Route => ({
    method: "POST",
    path,
    listener: "internal",
    bodyBytesMax,
    handle: async (request, peer) => {
      if (!isOwner(request, peer)) return answer(401, {});
      try {
        return answer(200, await act(await readObject(request)));
      } catch (cause) {
        if (cause instanceof UserRefusal || cause instanceof Refusal) return answer(400, { code: cause.code, message: cause.message });
        if (cause instanceof BadMachineId) return answer(400, { code: "bad_machine_id", message: cause.message });
        throw cause;
      }
    },
  });
  return [
    route(adminPaths.machines, (body) => actions.addMachine(text(body, "vm_id") ?? "")),
    route(adminPaths.users, (body) => actions.addUser(text(body, "name") ?? "", text(body, "role") ?? "", text(body, "password"))),
    route(adminPaths.shutOut, (body) =>
      actions.shutOut({
        what: kind(body),
        subject: text(body, "subject") ?? "",
        beforeS: number(body, "before_s"),
        untilMs: number(body, "until_ms"),
        reason: text(body, "reason"),
      }),
    ),
    route(adminPaths.letIn, (body) => actions.letIn(kind(body), text(body, "subject") ?? "")),
    route(adminPaths.passwords, (body) => actions.setPassword(text(body, "name") ?? "", text(body, "password"))),
  ];
}

async function readObject(request: Request): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await request.json();
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Falls through to the same refusal.
  }
  throw new Refusal("not_json", "the body must be a JSON object");
}

function text(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" ? value : undefined;
}

function number(body: Record<string, unknown>, name: string): number | undefined {
  const value = body[name];
  return typeof value === "number" ? value : undefined;
}

function kind(body: Record<string, unknown>): ShutOutKind {
  const found = shutOutKinds.find((each) => each === body["what"]);
  if (found === undefined) throw new Refusal("bad_kind", `what is shut out is one of ${shutOutKinds.join(", ")}`);
  return found;
}

function answer(status: number, body: unknown): Response {
  const headers = { ...dataSecurityHeaders(), "content-type": "application/json", "cache-control": "no-store" };
  return new Response(JSON.stringify(body), { status, headers });
}
