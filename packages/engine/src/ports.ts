import type { ClientInfo, Disconnect } from "@fleetcast/protocol";

/** Time handed in, so that a test owns it. Monotonic for timers, wall for token times. Milliseconds. */
export interface Clock {
  /** Wall clock, Unix milliseconds: token expiry, `time`. */
  wallMs(): number;
  /** Monotonic milliseconds: timers and ages. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`; the answer cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
  /**
   * Runs `task` after the current tick's work, before timers: the outboxes flush here. Sockets are served between one
   * task and one that it adds (`setImmediate`, not a microtask): the slices of a large fan-out rely on it.
   */
  soon(task: () => void): void;
}

/** Ids and chance handed in. */
export interface Chance {
  /** UUIDv4 for connection ids. */
  uuid(): string;
  /** 8 ASCII letters for stream epochs. */
  epoch(): string;
  /** [0, 1) */
  random(): number;
}

/** The seam towards a socket, cut at bytes (design section 4). */
export interface Socket {
  /**
   * Hands one frame over. `queued`: the runtime holds bytes the peer did not take yet; give nothing more until `drained`.
   * `gone`: the peer is gone or the runtime dropped the frame (a counted bug while the connection lives, D20).
   */
  send(frame: string | Uint8Array): "sent" | "queued" | "gone";
  close(code: number, reason: string): void;
  /** At once, without a close frame. */
  destroy(): void;
  readonly bufferedBytes: number;
  /**
   * Groups several `send` calls into one system call where the runtime can. Inside, `send` may answer `sent` for what the
   * end of the cork then queues: look at `bufferedBytes` afterwards.
   */
  cork?(run: () => void): void;
}

/** What a verified connection token (or a header) says. Times are Unix seconds. */
export interface ConnectionClaims {
  readonly user: string;
  readonly expireAtS: number | undefined;
  readonly info: Uint8Array | undefined;
  /** Server-side channels with namespace defaults. */
  readonly channels: readonly string[];
  readonly subs: ReadonlyMap<string, ServerSubscription>;
  /** Raw JSON; goes to policies, never to clients. */
  readonly meta: Uint8Array | undefined;
  /** `jti`, where the token has one. */
  readonly tokenId?: string | undefined;
  /** `iat`. */
  readonly issuedAtS?: number | undefined;
}
export interface ServerSubscription {
  readonly info: Uint8Array | undefined;
  readonly data: Uint8Array | undefined;
  readonly override: OptionOverride;
}
export interface OptionOverride {
  readonly presence?: boolean;
  readonly joinLeave?: boolean;
  readonly forcePushJoinLeave?: boolean;
  readonly forceRecovery?: boolean;
  readonly forcePositioning?: boolean;
}
export interface SubscriptionClaims {
  readonly user: string;
  readonly channel: string;
  /** Deprecated claim; must equal the connection id when present. */
  readonly client: string | undefined;
  readonly expireAtS: number | undefined;
  readonly info: Uint8Array | undefined;
  readonly data: Uint8Array | undefined;
  readonly override: OptionOverride;
  readonly tokenId?: string | undefined;
  readonly issuedAtS?: number | undefined;
}

/** Whose connection it is, and by which token it came: what a revocation may mean. */
export interface ConnectionIdentity {
  readonly user: string;
  readonly client: string;
  /** Undefined where no token, or one without `jti`, opened it. */
  readonly tokenId: string | undefined;
  readonly issuedAtS: number | undefined;
  readonly hasToken: boolean;
}

/**
 * The last word on who may connect, asked in the same turn as the connection becomes one that `cut` finds: nobody slips between.
 * Answers from memory; undefined: may connect.
 */
export type Admit = (identity: ConnectionIdentity) => Disconnect | undefined;

/** `invalid`: bad signature, form, audience, issuer. `expired`: `exp` passed or `nbf` ahead. `internal`: verifier failed. */
export type TokenFailure = "invalid" | "expired" | "internal";
export type TokenVerdict<Claims> = { readonly ok: true; readonly claims: Claims } | { readonly ok: false; readonly why: TokenFailure };

/** Answers at once where it can: a storm of connects is mostly this. */
export interface TokenVerifier {
  connection(token: string): TokenVerdict<ConnectionClaims> | Promise<TokenVerdict<ConnectionClaims>>;
  subscription(token: string): TokenVerdict<SubscriptionClaims> | Promise<TokenVerdict<SubscriptionClaims>>;
}

/**
 * Checks the signature that lets a user follow keys of a shared poll channel. `expireAtS` 0: it never expires. `expired` is
 * told only for a signature that is right but for its time.
 */
export type TrackVerifier = (request: {
  readonly user: string;
  readonly channel: string;
  readonly keys: readonly string[];
  readonly signature: string;
}) => { readonly ok: true; readonly expireAtS: number } | { readonly ok: false; readonly why: "invalid" | "expired" };

/** Who is on a channel; the memory version lives in the engine. */
export type PresenceMap = ReadonlyMap<string, ClientInfo>;
