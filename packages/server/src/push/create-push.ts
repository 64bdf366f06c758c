import { isDeepStrictEqual } from "node:util";
import { createEngine, type Engine, type EnginePorts, MemoryLog, MemoryMapLog, type OnDelivered } from "@fleetcast/engine";
import { type Journal, JournalLog } from "@fleetcast/storage";
import { RE2JS } from "re2js";
import { engineTrace, tracedProxies } from "../administration/traced.ts";
import type { Tracer } from "../administration/tracer.ts";
import type { createSubscribePolicy } from "../auth/policy.ts";
import type { Revocations } from "../auth/revocations/revocations.ts";
import { withoutRevoked } from "../auth/revocations/revoked-tokens.ts";
import { withPolicy } from "../auth/subscribe-policy.ts";
import { keySetFetch } from "../auth/tokens/jwks/fetch-key-set.ts";
import { createTrackVerifier } from "../auth/tokens/track-signature.ts";
import { createTokenVerifier } from "../auth/tokens/verifier.ts";
import type { Config } from "../config/config.ts";
import type { Logger } from "../log.ts";
import { createDestinations } from "../outgoing/destinations.ts";
import { createOutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import type { ProxyMetrics, QuestionTracer } from "../proxy/backend.ts";
import { createProxies } from "../proxy/create-proxies.ts";
import { engineReport } from "../proxy/report.ts";
import { systemChance } from "../runtime/chance.ts";
import { systemClock } from "../runtime/clock.ts";
import { createCentrifugoPush } from "./centrifugo/centrifugo-push.ts";
import { createEmbeddedPush } from "./embedded.ts";
import type { PushEngine } from "./push-engine.ts";

export interface Push {
  readonly push: PushEngine;
  /** Serves clients itself; undefined where a real Centrifugo does. */
  readonly engine: Engine | undefined;
  /** Takes another configuration while clients stay connected. @throws and has changed nothing, where that cannot be. */
  reload(next: Config): void;
}

/** Who looks on while it works. */
export interface PushWatchers {
  readonly proxies?: ProxyMetrics | undefined;
  readonly questions?: QuestionTracer | undefined;
  readonly isMeasured?: boolean | undefined;
  readonly onDelivered?: OnDelivered | undefined;
  /** With a real Centrifugo: it took a publication. */
  readonly onPushed?: ((channel: string, offset: number) => void) | undefined;
  readonly tracer?: Tracer | undefined;
}

/** The push engine that the configuration asks for, with everything it asks others for. */
export function createPush(
  config: Config,
  journal: Journal,
  policy: ReturnType<typeof createSubscribePolicy>,
  revocations: Revocations,
  log: Logger,
  watchers: PushWatchers = {},
): Push {
  const { tracer } = watchers;
  const ports = { clock: systemClock, chance: systemChance };
  const fetch = createOutgoingFetch({
    clock: systemClock,
    destinations: createDestinations({ clock: systemClock, privateNetworks: config.outgoing.privateNetworks }),
  });
  if (config.push.engine === "centrifugo") {
    const push = createCentrifugoPush({
      ...ports,
      config: config.push.centrifugo,
      journal,
      options: config.engine,
      log,
      fetch,
      onPushed: watchers.onPushed,
    });
    // What clients are told is the real one's business; it is reloaded by itself.
    return { push, engine: undefined, reload: () => {} };
  }
  const asked = {
    verifier: ({ client }: Config) =>
      withoutRevoked(
        createTokenVerifier(client, { ...ports, fetchKeySet: keySetFetch(fetch), warn: (message, cause) => log.warn({ cause }, message) }),
        revocations,
      ),
    trackVerifier: ({ sharedPoll }: Config) => (sharedPoll.hmacSecretKey === "" ? undefined : createTrackVerifier(sharedPoll, ports)),
    proxies: ({ proxies }: Config) => {
      const backends = createProxies(proxies, { ...ports, fetch, metrics: watchers.proxies, traces: watchers.questions });
      const asked = tracer === undefined ? backends : tracedProxies(backends, tracer, () => systemClock.monotonicMs());
      return withPolicy(asked, policy, policy.isOurs);
    },
  } satisfies { [Port in keyof EnginePorts]?: (config: Config) => EnginePorts[Port] };
  const journalLog = new JournalLog({ journal, clock: systemClock });
  const engine = createEngine(config.engine, {
    ...ports,
    verifier: asked.verifier(config),
    trackVerifier: asked.trackVerifier(config),
    proxies: asked.proxies(config),
    admit: (identity) => revocations.disconnectOf(identity),
    memoryLog: new MemoryLog(ports),
    mapLog: new MemoryMapLog(ports),
    journalLog,
    compileRegex: (source) => {
      const regex = RE2JS.compile(source);
      return (text) => regex.matcher(text).find();
    },
    report: engineReport(log, systemClock),
    trace: tracer === undefined ? undefined : engineTrace(tracer),
    isMeasured: watchers.isMeasured,
    onDelivered: watchers.onDelivered,
  });
  let current = config;
  return {
    push: createEmbeddedPush({ engine, journalLog }),
    engine,
    reload(next) {
      // Who is asked as before keeps what it knows: key sets, open circuits.
      const isNew = (key: "client" | "sharedPoll" | "proxies"): boolean => !isDeepStrictEqual(current[key], next[key]);
      engine.reload(next.engine, {
        ...(isNew("client") ? { verifier: asked.verifier(next) } : {}),
        ...(isNew("sharedPoll") ? { trackVerifier: asked.trackVerifier(next) } : {}),
        ...(isNew("proxies") ? { proxies: asked.proxies(next) } : {}),
      });
      current = next;
    },
  };
}
