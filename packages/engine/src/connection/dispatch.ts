import { type ClientCommand, disconnects } from "@fleetcast/protocol";
import { connect } from "./commands/connect.ts";
import { history } from "./commands/history.ts";
import { presence, presenceStats } from "./commands/presence.ts";
import { publish } from "./commands/publish.ts";
import { refresh } from "./commands/refresh.ts";
import { rpc } from "./commands/rpc.ts";
import { send } from "./commands/send.ts";
import { subRefresh } from "./commands/sub-refresh.ts";
import { subscribe } from "./commands/subscribe.ts";
import { unsubscribe } from "./commands/unsubscribe.ts";
import type { Connection } from "./connection.ts";
import type { Member } from "./member.ts";
import { endWith, nothing, type Outcome } from "./outcome.ts";
import { overLimit } from "./rate-limited.ts";

/** The one gate: before connect only connect, after it everything else; then the handler of the command (C2, C4). */
export function dispatch(connection: Connection, command: ClientCommand): Outcome | Promise<Outcome> {
  if (command.kind === "connect") return connect(connection, command.id, command.request);
  const { member } = connection;
  if (member === undefined) return endWith(disconnects.badRequest);
  const { rateLimits } = connection.context.options;
  if (rateLimits !== undefined && command.kind !== "pong") {
    const over = overLimit(connection, member, command, rateLimits);
    if (over !== undefined) return over;
  }
  switch (command.kind) {
    case "pong":
      return pong(connection, member);
    case "subscribe":
      return subscribe(connection, member, command.id, command.request);
    case "unsubscribe":
      return unsubscribe(connection, member, command.id, command.request);
    case "publish":
      return publish(connection, member, command.id, command.request);
    case "presence":
      return presence(connection, member, command.id, command.request);
    case "presence_stats":
      return presenceStats(connection, member, command.id, command.request);
    case "history":
      return history(connection, member, command.id, command.request);
    case "rpc":
      return rpc(connection, member, command.id, command.request);
    case "send":
      return send();
    case "refresh":
      return refresh(connection, member, command.id, command.request);
    case "sub_refresh":
      return subRefresh(connection, member, command.id, command.request);
    default:
      return command satisfies never;
  }
}

/** An answer to a ping that is outstanding; any other ends the connection. */
function pong(connection: Connection, member: Member): Outcome {
  if (member.pongDueAtMs === Number.POSITIVE_INFINITY) return endWith(disconnects.badRequest);
  const { metrics, options, ports } = connection.context;
  if (metrics.isTimed && options.pongTimeoutMs > 0) {
    const pingedAtMs = member.pongDueAtMs - options.pongTimeoutMs;
    metrics.ponged(connection.transport.transport, ports.clock.monotonicMs() - pingedAtMs);
  }
  member.pongDueAtMs = Number.POSITIVE_INFINITY;
  connection.setDeadline();
  return nothing;
}
