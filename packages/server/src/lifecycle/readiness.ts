/** What readiness is judged by (R4): each is true while that part does its work. */
export interface Readiness {
  /** Started, and not yet stopping. */
  readonly running: boolean;
  /** The store commits. */
  readonly store: boolean;
  /** Publications reach the push engine. */
  readonly push: boolean;
  /** The broker: listening, or connected where it is another program. */
  readonly intake: boolean;
  /** Devices are read: the store keeps up. */
  readonly gate: boolean;
}

/**
 * May new work be sent here? An intake that is away, or held back for a moment, delays devices but nothing else: work for the screens is
 * still welcome, and a balancer that took us out for it would make it worse.
 */
export function isReady({ running, store, push }: Readiness): boolean {
  return running && store && push;
}
