import type { Publication, StreamPosition } from "@fleetcast/protocol";
import type { Namespace } from "../channel/namespaces.ts";
import type { ReadResult } from "../log.ts";

/** What a client says it has. `offset` may be `offsetBeyondExact`. */
export interface RecoveryWish {
  readonly offset: number;
  readonly epoch: string;
}

export interface Recovery {
  readonly recovered: boolean;
  /** What the client missed, ascending; empty unless recovered. */
  readonly publications: readonly Publication[];
  /** Where the subscriber stands afterwards. */
  readonly position: StreamPosition;
}

/** Is this one of the publications that the subscriber asked for? Undefined: all are. */
export type Wanted = ((publication: Publication) => boolean) | undefined;

/**
 * Brings a returning subscriber up to `published`, the last position that the fan-out had taken when the subscriber
 * entered the hub (L9): everything above comes to it as a live delivery, and nothing comes twice. Without a known
 * `published` (nobody else is subscribed) the top at the read takes its place; live deliveries at or below it are
 * dropped by their offset. What a filter withholds counts as there: it leaves no gap.
 */
export async function recoverStream(
  namespace: Namespace,
  channel: string,
  wish: RecoveryWish,
  published: StreamPosition | undefined,
  publicationsMax: number,
  wants: Wanted,
): Promise<Recovery> {
  const read = (upTo: number | undefined): Promise<ReadResult> =>
    namespace.log.read({
      channel,
      window: namespace.recoveryWindow,
      // The epoch is compared here, so that a foreign one costs no second question for the top.
      ...(Number.isFinite(wish.offset) ? { since: { offset: wish.offset, epoch: "" } } : {}),
      limit: Number.isFinite(wish.offset) ? publicationsMax : 0,
      reverse: false,
      ...(upTo === undefined ? {} : { upTo }),
    });

  let result = await read(published?.offset);
  // What was published belongs to a stream that is gone: its offset limits nothing.
  if (published !== undefined && published.epoch !== result.top.epoch) {
    published = undefined;
    result = await read(undefined);
  }
  const position = published ?? result.top;
  return isWhole(wish, result.publications, position)
    ? { recovered: true, publications: wants === undefined ? result.publications : result.publications.filter(wants), position }
    : { recovered: false, publications: [], position };
}

/** Every publication between the wish and the position is there: contiguous at both ends (P1). */
function isWhole(wish: RecoveryWish, publications: readonly Publication[], position: StreamPosition): boolean {
  if (wish.epoch !== "" && wish.epoch !== position.epoch) return false;
  const first = publications[0];
  const last = publications[publications.length - 1];
  if (first === undefined || last === undefined) return wish.offset === position.offset;
  return first.offset === wish.offset + 1 && last.offset === position.offset;
}

/**
 * Cache mode: only the latest publication matters, with a filter the latest one that it lets through. A client that stands at the
 * top has it already.
 */
export async function recoverCache(
  namespace: Namespace,
  channel: string,
  wish: RecoveryWish,
  publicationsMax: number,
  wants: Wanted,
): Promise<Recovery> {
  const { publications, top } = await namespace.log.read({
    channel,
    window: namespace.recoveryWindow,
    limit: wants === undefined ? 1 : publicationsMax,
    reverse: true,
  });
  const isCurrent = wish.offset > 0 && wish.offset === top.offset && wish.epoch === top.epoch;
  const isKept = publications[0]?.offset === top.offset;
  const latest = wants === undefined ? publications[0] : publications.find(wants);
  if (isCurrent || latest === undefined || !isKept) return { recovered: isCurrent, publications: [], position: top };
  return { recovered: true, publications: [latest], position: top };
}
