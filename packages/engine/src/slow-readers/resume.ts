import type { Connection } from "../connection/connection.ts";
import type { Member } from "../connection/member.ts";

/** The socket has drained: what was kept back for the subscriptions of this connection goes on. */
export function resume(connection: Connection, member: Member): void {
  const { fanOut } = connection.context;
  for (const subscription of [...member.subscriptions]) {
    const { refined } = subscription;
    if (refined === undefined || subscription.index === -1) continue;
    if (refined.waiting !== undefined) fanOut.sendWaiting(subscription, refined);
    refined.behind?.resume();
  }
}
