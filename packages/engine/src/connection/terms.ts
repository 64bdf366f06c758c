import type { Namespace } from "../channel/namespaces.ts";
import type { OptionOverride } from "../ports.ts";
import type { SubscriptionTerms } from "./subscription.ts";

export interface TermsSource {
  readonly override?: OptionOverride | undefined;
  readonly info?: Uint8Array | undefined;
  readonly data?: Uint8Array | undefined;
  readonly expireAtS?: number | undefined;
  readonly serverSide?: boolean;
  readonly fromToken?: boolean;
  /** A proxy wants the latest publication to come with the subscription. */
  readonly cacheRecover?: boolean;
}

/** The namespace's own terms with what a token or a proxy replaces. */
export function termsOf(namespace: Namespace, source: TermsSource): SubscriptionTerms {
  const { options } = namespace;
  const { override = {} } = source;
  // Granted even where nothing is kept, as the real one does: such a stream has an epoch, and its offset stays 0.
  const recoverable = override.forceRecovery ?? options.forceRecovery;
  return {
    recoverable,
    positioned: recoverable || (override.forcePositioning ?? options.forcePositioning),
    recoveryMode: options.forceRecoveryMode === "cache" ? "cache" : "stream",
    autoCacheRecover: options.autoCacheRecover || source.cacheRecover === true,
    present: override.presence ?? options.presence,
    emitsJoinLeave: override.joinLeave ?? options.joinLeave,
    receivesJoinLeave: override.forcePushJoinLeave ?? options.forcePushJoinLeave,
    info: source.info,
    data: source.data,
    expireAtS: source.expireAtS,
    // A client neither hears of the expiry of what we made nor renews it.
    clientSideRefresh: !(source.serverSide ?? false) && namespace.subRefreshProxy === undefined,
    serverSide: source.serverSide ?? false,
    fromToken: source.fromToken ?? false,
  };
}
