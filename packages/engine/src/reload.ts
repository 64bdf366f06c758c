import { disconnects } from "@fleetcast/protocol";
import { isSameKind, type Namespace, Namespaces } from "./channel/namespaces.ts";
import { checkPersonalChannel } from "./channel/personal-channel.ts";
import type { Connection } from "./connection/connection.ts";
import { unsubscribeByServer } from "./connection/server-calls.ts";
import type { Subscription } from "./connection/subscription.ts";
import { endSubscription } from "./connection/unsubscribing.ts";
import type { EngineContext } from "./context.ts";
import type { ReloadablePorts } from "./engine-api.ts";
import type { HubChannel } from "./hub.ts";
import type { CatchUp } from "./map/catch-up.ts";
import type { EngineOptions } from "./options.ts";
import type { Pacing } from "./pacing/pacing.ts";
import { RpcRoutes } from "./rpc-routes.ts";
import type { PollChannel } from "./shared-poll/poll-channel.ts";

/** What connections were told when they connected, what their queues were made with, and what the names of channels mean. */
const fixed = [
  "namespaceBoundary",
  "privatePrefix",
  "userBoundary",
  "userSeparator",
  "pingIntervalMs",
  "pongTimeoutMs",
  "queueBytesMax",
  "concurrency",
  "sharedPollConcurrency",
  "version",
  "nodeName",
] as const satisfies readonly (keyof EngineOptions)[];

/** The parts of a context that a reload replaces. */
type Replaced = "options" | "ports" | "namespaces" | "rpcRoutes";
export type ReloadableContext = Omit<EngineContext, Replaced> & { -readonly [K in Replaced]: EngineContext[K] };

/**
 * Takes new options while connections live on (rules RL1 to RL6). Everything that can be wrong is found before anything changes.
 * @throws Error where they ask for something that was not handed in, contradict themselves, or change what is fixed.
 */
export function reload(context: ReloadableContext, pacing: Pacing, options: EngineOptions, changed: ReloadablePorts): void {
  for (const key of fixed) if (options[key] !== context.options[key]) throw new Error(`${key} cannot change while the engine runs`);
  checkPersonalChannel(options);
  const ports = { ...context.ports, ...changed };
  const namespaces = new Namespaces(options, ports);
  const rpcRoutes = new RpcRoutes(options.rpc, ports.proxies);

  context.options = options;
  context.ports = ports;
  context.namespaces = namespaces;
  context.rpcRoutes = rpcRoutes;
  for (const channel of [...context.hub.channels.values()]) moveChannel(context, pacing, channel, namespaces.of(channel.name));
  for (const poll of context.polls.channels) movePoll(context, poll, namespaces.of(poll.name));
  for (const connection of context.hub.open) {
    for (const catchUp of [...(connection.member?.catchUps ?? [])]) moveCatchUp(connection, catchUp, namespaces.of(catchUp.channel));
  }
}

function moveChannel(context: EngineContext, pacing: Pacing, channel: HubChannel, next: Namespace | undefined): void {
  if (next !== undefined && isSameKind(channel.namespace, next)) {
    if (channel.namespace.options.ratePerSMax !== next.options.ratePerSMax) pacing.forget(channel);
    channel.namespace = next;
    return;
  }
  endAll(context, channel.subscriptions, next);
}

function movePoll(context: EngineContext, poll: PollChannel, next: Namespace | undefined): void {
  if (next?.poll !== undefined && isSameKind(poll.place.namespace, next)) poll.move(next, next.poll);
  else endAll(context, poll.subscriptions, next);
}

/** What was published before reaches the subscribers before they hear that it is over. */
function endAll({ fanOut }: EngineContext, subscriptions: Iterable<Subscription>, next: Namespace | undefined): void {
  fanOut.inTurn(() => {
    for (const subscription of [...subscriptions]) {
      const { connection, channel } = subscription;
      if (next !== undefined) endSubscription(subscription, "insufficientState");
      else void unsubscribeByServer(connection, channel.name).catch((cause: unknown) => connection.fail("reload", cause));
    }
  });
}

/** A map that a client is still paging in. */
function moveCatchUp(connection: Connection, catchUp: CatchUp, next: Namespace | undefined): void {
  if (next?.map !== undefined && isSameKind(catchUp.namespace, next)) {
    catchUp.namespace = next;
    catchUp.map = next.map;
  } else if (next !== undefined) {
    // No error of a page tells a client to begin anew on other terms.
    connection.disconnect(disconnects.insufficientState);
  } else {
    void unsubscribeByServer(connection, catchUp.channel).catch((cause: unknown) => connection.fail("reload", cause));
  }
}
