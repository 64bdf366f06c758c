import { clientErrors, disconnects, type SubscribeResult } from "@fleetcast/protocol";
import { endWith, type Outcome, refuse } from "../connection/outcome.ts";
import { endCatchUp } from "../connection/unsubscribing.ts";
import { UnrecoverablePosition } from "../log.ts";
import { mapPhases } from "./catch-up.ts";
import { enterHub, joinLive } from "./going-live.ts";
import { dropCovered } from "./held-changes.ts";
import { pageSizeOf } from "./map-namespace.ts";
import { gone, isGone, replyType, type Step, sentForms } from "./step.ts";

/** Works on one request; whatever goes wrong ends the catch-up, so that the client begins anew. */
export async function runStep(step: Step): Promise<Outcome> {
  const { connection, member, catchUp } = step;
  const { context } = connection;
  catchUp.isBusy = true;
  let outcome: Outcome;
  try {
    outcome = await runPhase(step);
  } catch (cause) {
    const isLost = cause instanceof UnrecoverablePosition;
    if (!isLost) context.ports.report(`the map of ${catchUp.channel} could not be read`, cause);
    outcome = refuse(isLost ? clientErrors.unrecoverablePosition : clientErrors.internal);
  }
  catchUp.isBusy = false;
  if (outcome.kind === "error") endCatchUp(context, member, catchUp);
  return outcome;
}

function runPhase(step: Step): Outcome | Promise<Outcome> {
  switch (step.request.phase) {
    case mapPhases.state:
      return statePage(step);
    case mapPhases.stream:
      return streamPage(step);
    case mapPhases.live:
      return live(step);
    default:
      return refuse(clientErrors.badRequest);
  }
}

/** The next page of the state. The last one goes live at once where the changes since the first one fit one page. */
async function statePage(step: Step): Promise<Outcome> {
  const { request, catchUp } = step;
  const { channel, map, namespace } = catchUp;
  const { cursor } = request;
  const limit = pageSizeOf(namespace.options.map, request.limit);
  const revision = request.offset > 0 || request.epoch !== "" ? { offset: request.offset, epoch: request.epoch } : undefined;
  if (!map.terms.hasStream) catchUp.subscription ??= enterHub(step);
  const reading = map.log.readState({ channel, terms: map.terms, limit, cursor, ...(revision === undefined ? {} : { revision }) });
  const covered = map.terms.hasStream ? undefined : coverHeld(step, cursor);
  const page = await reading;
  await covered;
  if (isGone(step)) return gone(step);
  if (cursor === "") {
    catchUp.epoch = page.top.epoch;
    catchUp.offset = page.top.offset;
  }
  // What changed after the first page comes with the changes, not twice.
  const state = revision === undefined ? page.entries : page.entries.filter(({ offset }) => offset <= revision.offset);
  const offset = catchUp.offset ?? page.top.offset;
  if (page.cursor === "" && offset + limit >= page.top.offset) {
    const epoch = catchUp.offset === undefined ? page.top.epoch : catchUp.epoch;
    return joinLive(step, { since: { offset, epoch }, state, isRecovery: false });
  }
  return replyWith(step, { epoch: page.top.epoch, offset, phase: mapPhases.state, cursor: page.cursor, state: sentForms(step, state) });
}

/** Changes since the client's position, a page at a time, until those that were there at the first request fit one page. */
async function streamPage(step: Step): Promise<Outcome> {
  const { request, catchUp } = step;
  const { channel, map, namespace } = catchUp;
  if (!map.terms.hasStream) return refuse(clientErrors.badRequest);
  if (isOtherEpoch(step)) return refuse(clientErrors.unrecoverablePosition);
  catchUp.streamTop ??= (await map.log.top(channel, map.terms)).offset;
  if (isGone(step)) return gone(step);
  const limit = pageSizeOf(namespace.options.map, request.limit);
  const since = { offset: request.offset, epoch: request.epoch };
  if (since.offset + limit >= catchUp.streamTop) return joinLive(step, { since, state: [], isRecovery: true });
  const { changes, top } = await map.log.readStream({ channel, terms: map.terms, since, limit, reverse: false });
  if (isGone(step)) return gone(step);
  const last = changes[changes.length - 1];
  // Changes that are kept no longer are missing at the beginning, or altogether (P1).
  if (last === undefined || changes[0]?.offset !== since.offset + 1) return refuse(clientErrors.unrecoverablePosition);
  return replyWith(step, { epoch: top.epoch, offset: last.offset, phase: mapPhases.stream, publications: sentForms(step, changes) });
}

function live(step: Step): Outcome | Promise<Outcome> {
  const { request } = step;
  if (isOtherEpoch(step)) return refuse(clientErrors.unrecoverablePosition);
  return joinLive(step, { since: { offset: request.offset, epoch: request.epoch }, state: [], isRecovery: true });
}

/** Resolves when everything that was committed before this moment is held, and what the page tells of it is forgotten. */
function coverHeld({ connection, catchUp }: Step, cursor: string): Promise<void> | undefined {
  const { fanOut } = connection.context;
  fanOut.inTurn(() => {
    if (catchUp.subscription !== undefined) dropCovered(catchUp.subscription, cursor);
  });
  return fanOut.settled();
}

function isOtherEpoch({ request, catchUp }: Step): boolean {
  return request.epoch !== "" && catchUp.epoch !== "" && request.epoch !== catchUp.epoch;
}

function replyWith({ id }: Step, result: SubscribeResult): Outcome {
  return { kind: "reply", reply: { kind: "subscribe", id, result: { ...result, type: replyType } } };
}

/** A page asked for after the time for all of them is over. */
export function tooLate({ connection, member, catchUp }: Step): Outcome {
  endCatchUp(connection.context, member, catchUp);
  return endWith(disconnects.slow);
}
