import type { ConnectVerdict } from "../intake.ts";
import { isVmId } from "../topics.ts";
import type { ConnectRequest } from "../wire/connect.ts";
import { ConnackCode } from "../wire/packet-type.ts";
import type { DeviceConnection } from "./device-connection.ts";

export type Admission =
  | { readonly ok: true; readonly vmId: string; readonly internalId: string }
  | { readonly ok: false; readonly code: ConnackCode; readonly reason: string };

let anonymousCount = 0;

/**
 * Who is this, and under which name does the broker keep its session? Never rejects: a failure inside is a refusal (A3).
 *
 * The session's name is `vm_id/client id`, so a client id means something only within its machine: nobody can evict,
 * or take over the session of, another machine by knowing its client id (A2, F24). Neither `/` nor `#` can stand in a
 * vm_id, so no two machines share a name. Mosquitto with `use_username_as_clientid` gives the same guarantee.
 */
export async function admitMachine(connection: DeviceConnection, request: ConnectRequest): Promise<Admission> {
  const { context } = connection;
  // [M19] What is not a machine's name is refused before anybody looks it up.
  if (request.username !== undefined && !isVmId(request.username)) return refused(ConnackCode.badCredentials, "bad_user_name");
  if (context.handler.authenticate === undefined) return refused(ConnackCode.notAuthorised, "no_authentication");
  const { certificate } = connection;
  if (certificate !== undefined && request.username !== undefined && request.username !== certificate) {
    return refused(ConnackCode.notAuthorised, "certificate_of_another_machine");
  }
  let verdict: ConnectVerdict;
  try {
    verdict = await context.handler.authenticate({
      clientId: request.clientId,
      username: request.username ?? certificate,
      certificate,
      password: request.password,
      remoteAddress: connection.remoteAddress,
      loopback: connection.loopback,
    });
  } catch {
    // The cause belongs to the handler, which logs it; the device may come back when we are well again.
    return refused(ConnackCode.serverUnavailable, "authentication_failed");
  }
  if (!verdict.ok) return refused(verdict.code, `connack_${verdict.code}`);
  const { vmId } = verdict;
  if (!isVmId(vmId)) return refused(ConnackCode.badCredentials, "bad_user_name");
  if (request.will !== undefined && !context.layout.mayPublish(vmId, request.will.topic)) {
    return refused(ConnackCode.notAuthorised, "will_topic_not_allowed");
  }
  return { ok: true, vmId, internalId: request.clientId === "" ? `${vmId}#${++anonymousCount}` : `${vmId}/${request.clientId}` };
}

/** The machine behind a session's name. */
export function machineOf(internalId: string): string {
  return internalId.slice(0, internalId.search(/[/#]/));
}

function refused(code: ConnackCode, reason: string): Admission {
  return { ok: false, code, reason };
}
