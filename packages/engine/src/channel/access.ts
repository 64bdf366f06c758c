import type { EngineOptions } from "../options.ts";
import type { Namespace } from "./namespaces.ts";

/** Who asks, as the allow rules see it. */
export interface Asker {
  readonly user: string;
  readonly subscribed: boolean;
}

/** One family of `allow_<what>_for_*` options. `forAnonymous` never grants alone: it widens the other two. */
interface AllowRule {
  readonly forClient: boolean;
  readonly forSubscriber: boolean;
  readonly forAnonymous: boolean;
}

export function maySubscribe(options: EngineOptions, { options: o }: Namespace, user: string): boolean {
  return allowed(
    options,
    { user, subscribed: false },
    {
      forClient: o.allowSubscribeForClient,
      forSubscriber: false,
      forAnonymous: o.allowSubscribeForAnonymous,
    },
  );
}

export function mayPublish(options: EngineOptions, { options: o }: Namespace, asker: Asker): boolean {
  return allowed(options, asker, {
    forClient: o.allowPublishForClient,
    forSubscriber: o.allowPublishForSubscriber,
    forAnonymous: o.allowPublishForAnonymous,
  });
}

export function mayReadHistory(options: EngineOptions, { options: o }: Namespace, asker: Asker): boolean {
  return allowed(options, asker, {
    forClient: o.allowHistoryForClient,
    forSubscriber: o.allowHistoryForSubscriber,
    forAnonymous: o.allowHistoryForAnonymous,
  });
}

export function mayReadPresence(options: EngineOptions, { options: o }: Namespace, asker: Asker): boolean {
  return allowed(options, asker, {
    forClient: o.allowPresenceForClient,
    forSubscriber: o.allowPresenceForSubscriber,
    forAnonymous: o.allowPresenceForAnonymous,
  });
}

export function mayPublishToMap(options: EngineOptions, { options: { map } }: Namespace, asker: Asker): boolean {
  return allowed(options, asker, {
    forClient: map.allowPublishForClient,
    forSubscriber: map.allowPublishForSubscriber,
    forAnonymous: map.allowPublishForAnonymous,
  });
}

export function mayRemoveFromMap(options: EngineOptions, { options: { map } }: Namespace, asker: Asker): boolean {
  return allowed(options, asker, {
    forClient: map.allowRemoveForClient,
    forSubscriber: map.allowRemoveForSubscriber,
    forAnonymous: map.allowRemoveForAnonymous,
  });
}

function allowed(options: EngineOptions, asker: Asker, rule: AllowRule): boolean {
  const known = asker.user !== "" || rule.forAnonymous;
  return options.insecure || (known && (rule.forClient || (rule.forSubscriber && asker.subscribed)));
}
