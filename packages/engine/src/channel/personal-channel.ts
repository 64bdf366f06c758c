import type { EngineOptions } from "../options.ts";

/** The channel that a user is subscribed to by connecting (`client.subscribe_to_user_personal_channel`); undefined where it is off. */
export function personalChannel(options: EngineOptions, user: string): string | undefined {
  if (options.personalChannel === undefined) return undefined;
  const { namespace } = options.personalChannel;
  return `${namespace === "" ? "" : `${namespace}${options.namespaceBoundary}`}${options.userBoundary}${user}`;
}

/** @throws Error where the options ask for what no connect could be given. */
export function checkPersonalChannel({ personalChannel: personal, namespaces, withoutNamespace }: EngineOptions): void {
  if (personal === undefined) return;
  const namespace = personal.namespace === "" ? withoutNamespace : namespaces.get(personal.namespace);
  if (namespace === undefined) throw new Error(`personal channels are of the namespace "${personal.namespace}", which is unknown`);
  if (personal.singleConnection && !namespace.presence) {
    throw new Error(`a user's single connection is found by presence, which the namespace "${personal.namespace}" does not keep`);
  }
}
