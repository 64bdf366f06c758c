import { disconnects } from "@fleetcast/protocol";
import { serverPing } from "../metrics/frame-types.ts";
import type { Connection, Phase } from "./connection.ts";
import { expireConnection } from "./connection-expiry.ts";
import type { Member } from "./member.ts";
import { presenceTick } from "./presence-tick.ts";

/** A pong that nobody waits for: one is outstanding, and never due. */
const never = Number.MAX_VALUE;

/** The nearest deadline of a phase; infinity where there is none. */
export function nextDeadline(phase: Phase): number {
  switch (phase.name) {
    case "opened":
    case "connecting":
      return phase.staleAtMs;
    case "refused":
      return Math.min(phase.staleAtMs, phase.cutAtMs);
    case "ending":
    case "closing":
      return phase.cutAtMs;
    case "connected": {
      const { closesAtMs, nextPingAtMs, pongDueAtMs, nextPresenceTickAtMs } = phase.member;
      return Math.min(closesAtMs, nextPingAtMs, pongDueAtMs, nextPresenceTickAtMs);
    }
    case "closed":
      return Number.POSITIVE_INFINITY;
  }
}

/** Does what is due. */
export function runDeadlines(connection: Connection, nowMs: number): void {
  const { phase } = connection;
  if (phase.name === "connected") {
    runMemberDeadlines(connection, phase.member, nowMs);
    return;
  }
  if (phase.name === "refused" && phase.cutAtMs <= phase.staleAtMs) {
    if (nowMs >= phase.cutAtMs) connection.destroy();
    return;
  }
  if ("staleAtMs" in phase && nowMs >= phase.staleAtMs) connection.disconnect(disconnects.stale);
}

/** Sets the first times of a connection that has just connected; chance spreads them over the interval. */
export function startMemberTimers(connection: Connection, member: Member): void {
  const { options, ports } = connection.context;
  const nowMs = ports.clock.monotonicMs();
  const somewhereInSecondHalf = (intervalMs: number) => nowMs + intervalMs / 2 + (ports.chance.random() * intervalMs) / 2;
  if (options.pingIntervalMs > 0 && connection.transport.pings === "protocol")
    member.nextPingAtMs = somewhereInSecondHalf(options.pingIntervalMs);
  if (options.presenceUpdateIntervalMs > 0) member.nextPresenceTickAtMs = somewhereInSecondHalf(options.presenceUpdateIntervalMs);
}

function runMemberDeadlines(connection: Connection, member: Member, nowMs: number): void {
  const { options } = connection.context;
  if (nowMs >= member.closesAtMs) {
    expireConnection(connection, member);
    if (connection.member !== member) return;
  }
  if (nowMs >= member.pongDueAtMs) {
    // A peer whose socket is full is gone: no close frame would reach it, and asking for one keeps its descriptor (D23).
    if (connection.outbox.isBlocked) connection.destroy();
    else connection.disconnect(disconnects.noPong);
    return;
  }
  if (nowMs >= member.nextPingAtMs) {
    member.nextPingAtMs = nowMs + options.pingIntervalMs;
    if (!connection.transport.oneWay) member.pongDueAtMs = options.pongTimeoutMs > 0 ? nowMs + options.pongTimeoutMs : never;
    connection.say(connection.codec.ping, serverPing);
  }
  if (nowMs >= member.nextPresenceTickAtMs) {
    member.nextPresenceTickAtMs = nowMs + options.presenceUpdateIntervalMs;
    presenceTick(connection, member, nowMs);
  }
}
