import type { AuditPage, ConnectionPage, ConnectionRow, RevocationList, UserList } from "@fleetcast/protocol";
import type { z } from "zod";
import type { Actor } from "../../administration/desk.ts";
import { bodyBytesAtDoorMax, readJsonBody } from "../body.ts";
import type { Operation } from "../openapi/operation.ts";
import { emptyResponse, jsonResponse, Problem } from "../problem.ts";
import type { Route } from "../route.ts";
import {
  actionPattern,
  administrationOperations,
  anyText,
  auditBounds,
  clientPattern,
  connectionBounds,
  disconnectSchema,
  endSchema,
  pageDefault,
  revocationSchema,
} from "./administration-operations.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { type Call, signedIn } from "./guard.ts";
import { clientAddress } from "./session-routes.ts";

const bodyBytesMax = 8_192;
const channelsShownMax = 100;
/** People and connections, for administrators. */
export function administrationRoutes(dependencies: V1Dependencies): Route[] {
  const { desk, users, revocations, push, journal, audit, config } = dependencies;
  const actorOf = ({ principal, request, peer }: Call): Actor => ({
    actor: principal.userId,
    address: clientAddress(request, peer, config.http.tlsInFront),
  });
  const get = (operation: Operation, handle: (call: Call) => Response | Promise<Response>): Route => ({
    method: "GET",
    path: operation.path,
    listener: "external",
    bodyBytesMax: 0,
    operations: [operation],
    handle: signedIn(dependencies, "manage_users", handle),
  });
  const post = <Body>(operation: Operation, schema: z.ZodType<Body>, act: (body: Body, call: Call) => Promise<void>): Route => ({
    method: "POST",
    path: operation.path,
    listener: "external",
    bodyBytesMax: bodyBytesAtDoorMax,
    operations: [operation],
    handle: signedIn(dependencies, "manage_users", async (call) => {
      await act(await readJsonBody(call.request, schema, bodyBytesMax), call);
      return emptyResponse();
    }),
  });

  return [
    get(administrationOperations.users, () => {
      const answer: UserList = {
        users: users.all().map(({ id, name, role }) => ({ id, name, role, blocked: revocations.isBlocked(id) })),
      };
      return jsonResponse(answer);
    }),
    get(administrationOperations.revocations, () => {
      const answer: RevocationList = {
        revocations: revocations.all().map((row) => ({
          what: row.what,
          subject: row.subject,
          before_s: row.beforeS,
          since: iso(row.atMs),
          until: row.untilMs === null ? null : iso(row.untilMs),
          by: row.by,
          reason: row.reason,
        })),
      };
      return jsonResponse(answer);
    }),
    post(administrationOperations.shutOut, revocationSchema, (asked, call) =>
      desk.shutOut(
        {
          what: asked.what,
          subject: asked.subject,
          beforeS: asked.before_s,
          untilMs: asked.expire_at === undefined ? undefined : asked.expire_at * 1_000,
          reason: asked.reason,
        },
        actorOf(call),
      ),
    ),
    post(administrationOperations.letIn, endSchema, async (asked, call) => {
      if (await desk.letIn(asked.what, asked.subject, actorOf(call))) return;
      throw new Problem(404, "not_shut_out", "nobody of that name is shut out");
    }),
    get(administrationOperations.audit, async ({ query }) => {
      const limit = query.integer("limit", auditBounds.limit) ?? pageDefault;
      const rows = await journal.fleet.audit({
        actor: query.text("actor", anyText),
        action: query.text("action", actionPattern),
        beforeId: query.integer("before", auditBounds.before),
        limit,
      });
      const answer: AuditPage = {
        entries: rows.map(({ id, atMs, actor, action, target, detail, address }) => ({
          id,
          at: iso(atMs),
          actor,
          action,
          target,
          detail: detail === null ? null : JSON.parse(detail),
          address,
        })),
        next: rows.length === limit ? (rows[rows.length - 1]?.id ?? null) : null,
      };
      return jsonResponse(answer);
    }),
    get(administrationOperations.connections, async ({ query }) => {
      if (push.connections === undefined) {
        throw new Problem(404, "no_connection_list", "a real Centrifugo serves the clients; its free edition has no list of them");
      }
      const { connections, next } = push.connections({
        user: query.text("user", anyText),
        channel: query.text("channel", anyText),
        after: query.text("after", clientPattern),
        limit: query.integer("limit", connectionBounds) ?? pageDefault,
      });
      const nodes = await push.info();
      const answer: ConnectionPage = {
        connections: connections.map(shownConnection),
        total: nodes.reduce((sum, node) => sum + node.num_clients, 0),
        next: next ?? null,
      };
      return jsonResponse(answer);
    }),
    post(administrationOperations.disconnect, disconnectSchema, async ({ user, client }, call) => {
      await push.disconnect({ user, client });
      await audit.note({ ...actorOf(call), action: "connection.disconnect", target: user, detail: { client: client ?? null } });
    }),
  ];
}

type Connections = ReturnType<NonNullable<V1Dependencies["push"]["connections"]>>["connections"];

function shownConnection(each: Connections[number]): ConnectionRow {
  return {
    client: each.client,
    user: each.user,
    transport: each.transport,
    protocol: each.protocol,
    name: each.name,
    version: each.version,
    address: each.remoteAddress,
    connected_at: iso(each.connectedAtMs),
    queued_bytes: each.queuedBytes,
    channels: each.channels.slice(0, channelsShownMax),
    channel_count: each.channels.length,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
