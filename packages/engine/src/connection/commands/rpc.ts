import { clientErrors } from "@fleetcast/protocol";
import { type Outcome, refuse } from "../outcome.ts";

/** No method is offered here: 108, as Centrifugo answers without an rpc proxy. */
export function rpc(): Outcome {
  return refuse(clientErrors.notAvailable);
}
