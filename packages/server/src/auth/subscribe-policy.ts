import type { OptionOverride, Proxies, SubRefreshProxy, SubscribeProxy } from "@fleetcast/engine";

/** The question of a subscribe, as our own policy answers it to the embedded engine and to a real Centrifugo's proxies alike. */
export interface SubscribePolicy {
  subscribe(request: {
    readonly client: string;
    readonly user: string;
    readonly channel: string;
    readonly token: string;
    readonly meta: Uint8Array | undefined;
    readonly data: Uint8Array | undefined;
  }): Promise<PolicyAnswer> | PolicyAnswer;
  /** At a presence tick once the subscription expired. `expired`: end it (2501). */
  subRefresh?(request: {
    readonly client: string;
    readonly user: string;
    readonly channel: string;
    readonly meta: Uint8Array | undefined;
  }): Promise<{ readonly expired: true } | { readonly expired: false; readonly expireAtS: number | undefined }>;
}

export type PolicyAnswer =
  | {
      readonly kind: "allow";
      readonly expireAtS?: number | undefined;
      readonly info?: Uint8Array | undefined;
      readonly data?: Uint8Array | undefined;
      readonly override?: OptionOverride;
    }
  | { readonly kind: "error"; readonly code: number; readonly message: string; readonly temporary?: boolean }
  | { readonly kind: "disconnect"; readonly code: number; readonly reason: string };

/** The name under which namespaces ask it (`subscribe_proxy_name`). */
export const policyProxyName = "fleetcast";

/** Is this connection one of our own users? The operator's backend knows nothing of them. */
export type IsOurs = (connection: { readonly user: string; readonly meta: Uint8Array | undefined }) => boolean;

/**
 * The policy among the engine's proxies, beside those of the operator. Where a namespace asks one of those, our own users are
 * decided by the policy all the same (PX15).
 */
export function withPolicy(proxies: Proxies, policy: Required<SubscribePolicy>, isOurs: IsOurs = () => false): Proxies {
  const [mine, myRenewal] = [subscribeProxy(policy), subRefreshProxy(policy)];
  const subscribe = Array.from(proxies.subscribe, ([name, theirs]): [string, SubscribeProxy] => [
    name,
    (caller, request) => (isOurs(caller) ? mine : theirs)(caller, request),
  ]);
  const subRefresh = Array.from(proxies.subRefresh, ([name, theirs]): [string, SubRefreshProxy] => [
    name,
    (caller, request) => (isOurs(caller) ? myRenewal : theirs)(caller, request),
  ]);
  return {
    ...proxies,
    subscribe: new Map([...subscribe, [policyProxyName, mine]]),
    subRefresh: new Map([...subRefresh, [policyProxyName, myRenewal]]),
  };
}

function subscribeProxy(policy: SubscribePolicy): SubscribeProxy {
  return ({ client, user, meta }, { channel, token, data }) => {
    const answer = policy.subscribe({ client, user, channel, token, meta, data });
    return answer instanceof Promise ? answer.then(proxyAnswer) : proxyAnswer(answer);
  };
}

function proxyAnswer(answer: PolicyAnswer): Awaited<ReturnType<SubscribeProxy>> {
  if (answer.kind === "allow") return { kind: "result", result: answer };
  return answer.kind === "error" ? { ...answer, temporary: answer.temporary ?? false } : answer;
}

function subRefreshProxy(policy: Required<SubscribePolicy>): SubRefreshProxy {
  return async ({ client, user, meta }, { channel }) => {
    const renewed = await policy.subRefresh({ client, user, channel, meta });
    const expireAtS = renewed.expired ? undefined : renewed.expireAtS;
    return { kind: "result", result: { expired: renewed.expired, expireAtS, info: undefined } };
  };
}
