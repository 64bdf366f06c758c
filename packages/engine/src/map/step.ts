import { clientErrors, type Publication, type SubscribeRequest } from "@fleetcast/protocol";
import type { Connection } from "../connection/connection.ts";
import type { Member } from "../connection/member.ts";
import { nothing, type Outcome, refuse } from "../connection/outcome.ts";
import { wholeForm } from "../delta/delta-forms.ts";
import type { CatchUp } from "./catch-up.ts";
import type { MapPublication } from "./map-log.ts";

/** `type` of every reply, whatever kind of map it is about. */
export const replyType = 1;

/** One request of a catch-up, with everybody it concerns. */
export interface Step {
  readonly connection: Connection;
  readonly member: Member;
  readonly catchUp: CatchUp;
  readonly id: number;
  readonly request: SubscribeRequest;
}

/** The connection closed, or the catch-up was ended, while the map was read. */
export function isGone({ connection, member, catchUp }: Step): boolean {
  return connection.member !== member || member.catchUp(catchUp.channel) !== catchUp;
}

export function gone({ connection }: Step): Outcome {
  return connection.isOpen ? refuse(clientErrors.permissionDenied) : nothing;
}

/** The client wants patches and may have them. */
function isDelta({ catchUp, request }: Step): boolean {
  return request.delta === "fossil" && catchUp.namespace.options.allowedDeltaTypes.includes("fossil");
}

/** The values and changes that the client wants, whole, and in the form that the next patch is applied to. */
export function sentForms(step: Step, publications: readonly MapPublication[]): readonly Publication[] {
  const wanted = wantedOf(step, publications);
  return isDelta(step) ? wanted.map((publication) => wholeForm(step.connection.codec.name, publication)) : wanted;
}

function wantedOf({ catchUp: { filter } }: Step, publications: readonly MapPublication[]): readonly MapPublication[] {
  return filter === undefined ? publications : publications.filter(({ tags }) => filter.isMatch(tags));
}
