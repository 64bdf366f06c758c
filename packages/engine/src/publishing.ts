import type { Namespace } from "./channel/namespaces.ts";
import type { EngineContext } from "./context.ts";
import type { LogAppend } from "./log.ts";

/** A publication as its publisher gives it. */
export type GivenPublication = Omit<LogAppend, "window">;

/**
 * What a log is told to append, as it was said. It looks for a predecessor only where somebody would be sent a patch, and the hub
 * does not keep one [DL9].
 */
export function logAppend({ hub }: EngineContext, namespace: Namespace, item: GivenPublication): LogAppend {
  const wanted = item.delta === true && !namespace.alwaysDelta && hub.hasDeltaSubscriber(item.channel);
  return { ...item, delta: wanted, window: namespace.recoveryWindow };
}

/** The same from a publisher that the namespace's `delta_publish` holds for: everybody but a publish proxy. */
export function serverAppend(context: EngineContext, namespace: Namespace, item: GivenPublication): LogAppend {
  if (!namespace.options.deltaPublish || namespace.alwaysDelta) return logAppend(context, namespace, item);
  return logAppend(context, namespace, { ...item, delta: true });
}
