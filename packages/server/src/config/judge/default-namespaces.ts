import type { NamespaceValues, PushChannelValues } from "../table/options/namespace.ts";

/**
 * The namespaces of the user's document, and those of our own screens (design section 5). They are there while devices are
 * taken in; one that the file defines is used as written instead.
 */
interface Preset {
  readonly options: Partial<NamespaceValues>;
  readonly push: Partial<PushChannelValues>;
}

const dayMs = 86_400_000;
const byPolicy = { subscribe_proxy_enabled: true, subscribe_proxy_name: "fleetcast" } as const;
const recovered = { force_recovery: true, allow_history_for_subscriber: true } as const;
const watched = { presence: true, join_leave: true, allow_presence_for_subscriber: true } as const;

export const defaultNamespaces: ReadonlyMap<string, Preset> = new Map<string, Preset>([
  [
    "telemetry",
    {
      options: { history_size: 10, history_ttl: dayMs, ...watched, ...recovered, ...byPolicy },
      push: { journal: true, recovery_size: 300, history_default_limit: 10 },
    },
  ],
  [
    "events",
    {
      // Who else looks at a machine is told live on its events channel. Where a policy decides, a subscriber's own wish for joins is not heard.
      options: { history_size: 300, history_ttl: 7 * dayMs, ...watched, force_push_join_leave: true, ...recovered, ...byPolicy },
      push: { journal: true, history_default_limit: 10 },
    },
  ],
  ["p_alert", { options: { history_size: 100, history_ttl: 7 * dayMs, ...recovered, ...byPolicy }, push: { journal: true } }],
  ["user_cmd", { options: { history_size: 100, history_ttl: 7 * dayMs, ...recovered, ...byPolicy }, push: { journal: true } }],
  ["fleet", { options: { history_size: 50, history_ttl: 60_000, ...recovered }, push: {} }],
  ["feed", { options: { history_size: 50, history_ttl: 60_000, ...recovered }, push: {} }],
  ["console_tail", { options: {}, push: {} }],
]);

/** What devices say goes through the journal, always: a namespace of these cannot live in memory while they are taken in. */
export const journaledNamespaces: readonly string[] = ["telemetry", "events", "p_alert", "user_cmd"];
