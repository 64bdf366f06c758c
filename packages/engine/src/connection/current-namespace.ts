import { clientErrors } from "@fleetcast/protocol";
import { isSameKind, type Namespace } from "../channel/namespaces.ts";
import type { EngineContext } from "../context.ts";
import { type Refusal, refuse } from "./outcome.ts";

/** A reload may have come between the permission and what it was asked for [RL4]: the namespace as it is now. */
export function currentNamespace({ namespaces }: EngineContext, channel: string, permitted: Namespace): Namespace | Refusal {
  if (namespaces.isCurrent(permitted)) return permitted;
  const namespace = namespaces.of(channel);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  return isSameKind(permitted, namespace) ? namespace : refuse(clientErrors.internal);
}
