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
}

/** The namespace's own terms with what a token or a proxy replaces. */
export function termsOf(namespace: Namespace, source: TermsSource): SubscriptionTerms {
  const { options, recoveryWindow } = namespace;
  const { override = {} } = source;
  // Without anything kept there is nothing to recover from or to compare with.
  const keeps = recoveryWindow.sizeMax > 0;
  const recoverable = keeps && (override.forceRecovery ?? options.forceRecovery);
  return {
    recoverable,
    positioned: recoverable || (keeps && (override.forcePositioning ?? options.forcePositioning)),
    recoveryMode: options.forceRecoveryMode === "cache" ? "cache" : "stream",
    present: override.presence ?? options.presence,
    emitsJoinLeave: override.joinLeave ?? options.joinLeave,
    receivesJoinLeave: override.forcePushJoinLeave ?? options.forcePushJoinLeave,
    info: source.info,
    data: source.data,
    expireAtS: source.expireAtS,
    clientSideRefresh: namespace.subRefreshProxy === undefined,
    serverSide: source.serverSide ?? false,
    fromToken: source.fromToken ?? false,
  };
}
