import type { EngineTrace, Proxies, ProxyAnswer, ProxyCaller } from "@fleetcast/engine";
import type { InboundMessage, IntakeHandler } from "@fleetcast/mqtt";
import type { Journal } from "@fleetcast/storage";
import type { SubscribePolicy } from "../auth/subscribe-policy.ts";
import type { Tracer } from "./tracer.ts";

// Where a trace looks: each of these is what was there before, and one look at `active`.

/** A message of a machine: in, and acknowledged once it is stored. */
export function tracedIntake(
  handler: IntakeHandler,
  tracer: Tracer,
  machineOf: (message: InboundMessage) => string | undefined,
): IntakeHandler {
  return {
    ...handler,
    message(message, done) {
      if (!tracer.active) {
        handler.message(message, done);
        return;
      }
      const about = { machine: message.vmId ?? machineOf(message) };
      const { topic, qos, retain, dup, will } = message;
      tracer.step(
        "mqtt_in",
        about,
        { topic: topic.slice(0, 256), qos, ...(retain ? { retain } : {}), ...(dup ? { dup } : {}), ...(will ? { will } : {}) },
        message.payload,
      );
      handler.message(message, (error) => {
        if (tracer.active) tracer.step(error === undefined ? "acknowledged" : "not_acknowledged", about, { topic: topic.slice(0, 256) });
        done(error);
      });
    },
    connection(change) {
      if (tracer.active) tracer.step(change.connected ? "mqtt_connected" : "mqtt_closed", { machine: change.vmId });
      handler.connection?.(change);
    },
    async authenticate(attempt) {
      const verdict = (await handler.authenticate?.(attempt)) ?? { ok: false as const, code: 5 as const };
      if (tracer.active && !verdict.ok) {
        tracer.step("mqtt_refused", { machine: attempt.username }, { code: verdict.code, address: attempt.remoteAddress });
      }
      return verdict;
    },
  };
}

/** What a transaction published, before anybody hears of it. */
export function traceCommitted(batch: Parameters<Parameters<Journal["onCommitted"]>[0]>[0], tracer: Tracer): void {
  for (const { channel, offset, data } of batch) tracer.step("committed", { channel }, { offset }, data);
}

/** What the engine does with clients. */
export function engineTrace(tracer: Tracer): EngineTrace {
  return {
    get active() {
      return tracer.active;
    },
    published: (channel, { offset, data }, subscribers) => tracer.step("published", { channel }, { offset, subscribers }, data),
    connected: ({ user, client }, { transport, remoteAddress }) =>
      tracer.step("connected", { user }, { client, transport, address: remoteAddress }),
    closed: ({ user, client }, { code, reason }) => tracer.step("closed", { user }, { client, code, reason }),
    command: ({ user, client }, { kind, channel }, outcome) =>
      tracer.step("command", { user, ...(channel === undefined ? {} : { channel }) }, { client, command: kind, ...outcome }),
  };
}

/** The policy's answers, to our own engine and to a real Centrifugo alike. */
export function tracedPolicy<Policy extends Required<SubscribePolicy>>(policy: Policy, tracer: Tracer): Policy {
  return {
    ...policy,
    subscribe(request) {
      const answer = policy.subscribe(request);
      if (tracer.active && !(answer instanceof Promise)) {
        const code = answer.kind === "allow" ? {} : { code: answer.code };
        tracer.step("policy", { user: request.user, channel: request.channel }, { answer: answer.kind, ...code });
      }
      return answer;
    },
  };
}

type Ask<Request, Answer> = (caller: ProxyCaller, request: Request) => Promise<Answer> | Answer;

/** Questions to the operator's backends: how long, and what came. */
export function tracedProxies(proxies: Proxies, tracer: Tracer, nowMs: () => number): Proxies {
  const traced =
    <Request, Answer extends ProxyAnswer<unknown>>(type: string, name: string, ask: Ask<Request, Answer>) =>
    async (caller: ProxyCaller, request: Request): Promise<Answer> => {
      if (!tracer.active) return ask(caller, request);
      const channel = (request as { readonly channel?: string } | undefined)?.channel;
      const about = { user: caller.user, ...(channel === undefined ? {} : { channel }) };
      const startedMs = nowMs();
      const tell = (answer: string, code: { readonly code?: number } = {}): void =>
        tracer.step("proxy", about, { type, name, ms: Math.round(nowMs() - startedMs), answer, ...code });
      try {
        const answer = await ask(caller, request);
        tell(answer.kind, answer.kind === "result" ? {} : { code: answer.code });
        return answer;
      } catch (cause) {
        tell("failed");
        throw cause;
      }
    };
  const each = <Request, Answer extends ProxyAnswer<unknown>>(type: string, all: ReadonlyMap<string, Ask<Request, Answer>>) =>
    new Map(Array.from(all, ([name, ask]) => [name, traced(type, name, ask)] as const));
  const refresh = proxies.refresh && traced("refresh", "default", proxies.refresh);
  return {
    ...proxies,
    connect: proxies.connect && traced("connect", "default", proxies.connect),
    refresh: refresh && ((caller) => refresh(caller, undefined)),
    subscribe: each("subscribe", proxies.subscribe),
    subRefresh: each("sub_refresh", proxies.subRefresh),
    publish: each("publish", proxies.publish),
    rpc: each("rpc", proxies.rpc),
    mapPublish: each("map_publish", proxies.mapPublish),
    mapRemove: each("map_remove", proxies.mapRemove),
  };
}
