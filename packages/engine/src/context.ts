import type { Namespaces } from "./channel/namespaces.ts";
import type { KnownSoftware } from "./connection/client-software.ts";
import type { EnginePorts } from "./engine-api.ts";
import type { FanOut } from "./fan-out.ts";
import type { Hub } from "./hub.ts";
import type { EngineMetrics } from "./metrics/engine-metrics.ts";
import type { EngineOptions } from "./options.ts";
import type { MemoryPresence } from "./presence/presence.ts";
import type { UserBuckets } from "./rate-limits/limiter.ts";
import type { RpcRoutes } from "./rpc-routes.ts";
import type { Sessions } from "./sessions.ts";
import type { SharedPolls } from "./shared-poll/shared-polls.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/** What every connection of one engine works with. */
export interface EngineContext {
  readonly options: EngineOptions;
  readonly ports: EnginePorts;
  readonly namespaces: Namespaces;
  readonly rpcRoutes: RpcRoutes;
  /** Of this engine among the nodes of a cluster. */
  readonly nodeId: string;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly fanOut: FanOut;
  readonly polls: SharedPolls;
  readonly presence: MemoryPresence;
  readonly wheel: TimerWheel;
  readonly software: KnownSoftware;
  readonly metrics: EngineMetrics;
  readonly userBuckets: UserBuckets;
  /** Called when a socket is gone for good; `stop` waits for the last. */
  onConnectionClosed: () => void;
}
