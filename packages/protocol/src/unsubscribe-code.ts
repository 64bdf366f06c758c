/** Why a subscription ended from our side. Below 2500 it is final, from 2500 on the SDK subscribes again. */
export interface Unsubscribe {
  readonly code: number;
  readonly reason: string;
}

export const unsubscribes = {
  server: { code: 2000, reason: "server unsubscribe" },
  insufficientState: { code: 2500, reason: "insufficient state" },
  expired: { code: 2501, reason: "subscription expired" },
  stateInvalidated: { code: 2502, reason: "state invalidated" },
} as const satisfies Record<string, Unsubscribe>;
