import { clientErrors, type RpcRequest } from "@fleetcast/protocol";
import type { RpcProxy } from "../../proxies.ts";
import { guarded } from "../../proxy-guard.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { nothing, type Outcome, refuse } from "../outcome.ts";

/** A question to the operator's backend, or to the engine's own ping method. */
export function rpc(connection: Connection, member: Member, id: number, request: RpcRequest): Outcome | Promise<Outcome> {
  const route = connection.context.rpcRoutes.of(request.method);
  switch (route.kind) {
    case "nobody":
      return refuse(route.error);
    case "ping":
      return { kind: "reply", reply: { kind: "rpc", id, data: undefined } };
    case "proxy":
      return ask(connection, member, id, request, route.ask);
  }
}

async function ask(connection: Connection, member: Member, id: number, { method, data }: RpcRequest, proxy: RpcProxy): Promise<Outcome> {
  const { report } = connection.context.ports;
  try {
    const answer = await proxy(member.caller(connection.transport), { method, data });
    if (connection.member !== member) return nothing;
    if (answer.kind !== "result") return guarded(answer, "rpc", report);
    return { kind: "reply", reply: { kind: "rpc", id, data: answer.result?.data } };
  } catch (cause) {
    report(`the rpc proxy of ${method} did not answer`, cause);
    return refuse(clientErrors.internal);
  }
}
