import type { Namespace } from "./channel/namespaces.ts";
import type { EngineContext } from "./context.ts";
import type { LogAppend } from "./log.ts";

/**
 * What a log is told to append. It looks for a predecessor only where somebody would be sent a patch, and the hub does not keep
 * one [DL9].
 */
export function logAppend({ hub }: EngineContext, namespace: Namespace, item: Omit<LogAppend, "window">): LogAppend {
  const wanted = item.delta === true && !namespace.options.deltaPublish && hub.hasDeltaSubscriber(item.channel);
  return { ...item, delta: wanted, window: namespace.recoveryWindow };
}
