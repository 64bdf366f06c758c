import { disconnects } from "@fleetcast/protocol";
import type { EngineContext } from "../context.ts";
import { ProxyAnswerUnusable, type RefreshProxyResult } from "../proxies.ts";
import type { Connection } from "./connection.ts";
import type { Member } from "./member.ts";
import { monotonicOf, ttlSeconds } from "./subscription-expiry.ts";

/** How much longer a connection lives when its proxy cannot be asked. */
const graceOnFailureMs = 60_000;

/**
 * When a connection that expires at this time is looked at: a client that refreshes by itself has its grace, the refresh proxy is
 * asked at once.
 */
export function closingTime({ options, ports }: EngineContext, expireAtS: number): number {
  const graceMs = ports.proxies.refresh === undefined ? options.expiredCloseDelayMs : 0;
  return monotonicOf(ports.clock, expireAtS) + graceMs;
}

/** The connection is over its time: it ends, unless the refresh proxy renews it. */
export function expireConnection(connection: Connection, member: Member): void {
  const { proxies, report } = connection.context.ports;
  if (proxies.refresh === undefined) {
    connection.disconnect(disconnects.connectionExpired);
    return;
  }
  // Not asked again while this answer is awaited.
  member.closesAtMs = Number.POSITIVE_INFINITY;
  proxies
    .refresh(member.caller(connection.transport))
    .then(
      (answer) => {
        // An error or a disconnect beside a missing result is not looked at (X4).
        if (connection.member === member) renew(connection, member, answer.kind === "result" ? answer.result : undefined);
      },
      (cause: unknown) => {
        report("the refresh proxy did not answer", cause);
        if (connection.member !== member) return;
        if (cause instanceof ProxyAnswerUnusable) {
          connection.disconnect(disconnects.internal);
          return;
        }
        member.closesAtMs = connection.context.ports.clock.monotonicMs() + graceOnFailureMs;
        connection.setDeadline();
      },
    )
    .catch((cause: unknown) => connection.fail("refresh", cause));
}

function renew(connection: Connection, member: Member, result: RefreshProxyResult | undefined): void {
  const { context } = connection;
  const expireAtS = result?.expireAtS;
  if (result === undefined || result.expired || expireAtS === undefined || ttlSeconds(context.ports.clock, expireAtS) <= 0) {
    connection.disconnect(disconnects.connectionExpired);
    return;
  }
  if (result.info !== undefined) member.connInfo = result.info;
  if (result.meta !== undefined) member.meta = result.meta;
  member.closesAtMs = closingTime(context, expireAtS);
  connection.setDeadline();
}
