import { disconnects } from "@fleetcast/protocol";
import { endWith, type Outcome } from "../outcome.ts";

/** Nobody listens to messages without an answer: 3508, as in Centrifugo. */
export function send(): Outcome {
  return endWith(disconnects.notAvailable);
}
