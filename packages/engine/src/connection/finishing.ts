import type { Member } from "./member.ts";
import type { Outcome } from "./outcome.ts";

/**
 * Work on a channel that was taken with `member.ask`: at its end the channel is given free, and the reply goes out before what
 * waited for it goes on.
 */
export async function finishing(member: Member, channel: string, work: Outcome | Promise<Outcome>): Promise<Outcome> {
  const finish = () => {
    member.answered(channel);
    member.wake(channel);
  };
  let outcome: Outcome;
  try {
    outcome = await work;
  } catch (cause) {
    finish();
    throw cause;
  }
  if (outcome.kind !== "reply") {
    finish();
    return outcome;
  }
  const { after } = outcome;
  return {
    ...outcome,
    after: () => {
      after?.();
      finish();
    },
  };
}
