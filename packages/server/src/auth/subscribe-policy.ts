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

/** The policy among the engine's proxies, beside those of the operator. */
export function withPolicy(proxies: Proxies, policy: Required<SubscribePolicy>): Proxies {
  return {
    ...proxies,
    subscribe: new Map([...proxies.subscribe, [policyProxyName, subscribeProxy(policy)]]),
    subRefresh: new Map([...proxies.subRefresh, [policyProxyName, subRefreshProxy(policy)]]),
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
