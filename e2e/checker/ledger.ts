/**
 * What the driver, the machines and the subscribers wrote down, one JSON line each. `mono` is a monotonic clock of the
 * writing process in milliseconds: it orders lines of one file, never lines of two.
 */
export type DeviceLine =
  | { readonly t: "sent"; readonly vm: string; readonly boot: string; readonly seq: number; readonly sha256: string; readonly mono: number }
  | { readonly t: "acked"; readonly vm: string; readonly boot: string; readonly seq: number; readonly mono: number };

export type SubscriberLine =
  | {
      readonly t: "subscribed";
      readonly sub: string;
      readonly channel: string;
      readonly wasRecovering: boolean;
      readonly recovered: boolean;
      readonly epoch: string;
      readonly offset: number;
      readonly mono: number;
    }
  | {
      readonly t: "pub";
      readonly sub: string;
      readonly channel: string;
      readonly offset: number;
      readonly sha256: string;
      readonly vm: string;
      readonly boot: string;
      readonly seq: number;
      readonly mono: number;
    }
  | { readonly t: "unsubscribed"; readonly sub: string; readonly channel: string; readonly code: number; readonly mono: number }
  | { readonly t: "closed"; readonly sub: string; readonly code: number; readonly mono: number };

export type FaultLine = {
  readonly t: "fault";
  readonly fault: "kill-fleetcast" | "kill-centrifugo";
  readonly cycle: number;
  readonly mono: number;
};

/** One publication as it lies in the journal, in commit order. */
export interface DumpedPublication {
  readonly id: number;
  readonly channel: string;
  readonly offset: number;
  readonly epoch: string;
  readonly sha256: string;
  readonly vm: string;
  readonly boot: string;
  readonly seq: number;
}

export interface Dump {
  readonly publications: readonly DumpedPublication[];
  readonly deadLetters: readonly { readonly vm: string | null; readonly reason: string; readonly sha256: string }[];
  /** Rows of the publisher's cursor per channel; absent on the embedded stack. */
  readonly cursors?: ReadonlyMap<string, number>;
}

export interface Ledgers {
  readonly devices: readonly DeviceLine[];
  /** In the order in which each subscriber wrote them. */
  readonly subscribers: readonly SubscriberLine[];
  readonly faults: readonly FaultLine[];
}

export interface Policy {
  /** Positions of the journal and of the push engine are the same (embedded) or not (a real Centrifugo, rule N1). */
  readonly positions: "journal" | "engine";
  /** May a subscriber be told `recovered: false`? On the embedded stack never inside the window. */
  readonly mayBeTold: boolean;
  /** Publications a channel may bring twice, per kill of the push engine (rule N2). */
  readonly doublesPerEngineKill: 0 | 1;
}

export interface Violation {
  readonly invariant: string;
  readonly where: string;
  readonly what: string;
  /** The lines that prove it. */
  readonly proof: readonly unknown[];
}
