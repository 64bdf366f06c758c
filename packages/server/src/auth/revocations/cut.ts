import type { ConnectionIdentity } from "@fleetcast/engine";
import { type Disconnect, disconnects } from "@fleetcast/protocol";
import type { Logger } from "../../log.ts";
import type { PushEngine } from "../../push/push-engine.ts";
import type { Revocation } from "./revocations.ts";

export interface CutPorts {
  readonly push: Pick<PushEngine, "cut" | "disconnect">;
  readonly disconnectMachine: (vmId: string) => void;
  /** Of a login: whose it is; needed behind a real Centrifugo, which ends connections by user alone. */
  readonly log: Logger;
}

/** Ends what a revocation shuts out, at once and on both sides (ADM1). */
export function cut(revocation: Revocation, { push, disconnectMachine, log }: CutPorts): void {
  if (revocation.what === "machine") {
    disconnectMachine(revocation.subject);
    return;
  }
  const { isMeant, disconnect } = meantBy(revocation);
  if (push.cut !== undefined) {
    push.cut(isMeant, disconnect);
    return;
  }
  const user = userOf(revocation);
  if (user === undefined) {
    log.warn(
      { what: revocation.what },
      "a real Centrifugo does not tell tokens apart: what the revoked one opened lives on until it expires",
    );
    return;
  }
  // Who was not meant comes back by itself; who was is refused where its proxies ask us.
  const told = revocation.what === "user" ? disconnect : disconnects.forceReconnect;
  push.disconnect({ user }, told).catch((cause: unknown) => log.warn({ user, cause }, "a revoked user's connections were not cut"));
}

function meantBy({ what, subject, beforeS }: Revocation): {
  readonly isMeant: (identity: ConnectionIdentity) => boolean;
  readonly disconnect: Disconnect;
} {
  switch (what) {
    case "user":
      return { isMeant: ({ user }) => user === subject, disconnect: disconnects.permissionDenied };
    case "tokens":
      return {
        isMeant: ({ user, hasToken, issuedAtS }) => user === subject && hasToken && (issuedAtS === undefined || issuedAtS < (beforeS ?? 0)),
        disconnect: disconnects.invalidToken,
      };
    default:
      return { isMeant: ({ tokenId }) => tokenId === subject, disconnect: disconnects.invalidToken };
  }
}

/** A login's revocation is made by its own user. */
function userOf({ what, subject, by }: Revocation): string | undefined {
  if (what === "token") return undefined;
  return what === "session" ? by : subject;
}
