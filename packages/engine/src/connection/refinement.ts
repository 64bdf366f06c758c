/** No publication that a patch could be applied to. */
export const noBase = -1;

/**
 * What makes a subscription get something else than every publication as it is. Most have none, and pay nothing for it: the
 * fan-out then takes its short way.
 */
export class Refinement {
  /** Publications come as patches where that is possible. */
  readonly delta: boolean;
  /** Offset of the last publication the client was sent, `noBase` before the first: what a patch has to be made from. */
  base = noBase;

  constructor(delta: boolean) {
    this.delta = delta;
  }
}
