import type { ValueOf } from "./option.ts";
import { channelOptions } from "./options/channel.ts";
import { clientOptions } from "./options/client.ts";
import { httpServerOptions } from "./options/http-server.ts";
import { namespaceOptions } from "./options/namespace.ts";
import { operationsOptions } from "./options/operations.ts";
import { ownOptions } from "./options/own.ts";
import { scalingOptions } from "./options/scaling.ts";
import { transportOptions } from "./options/transports.ts";
import { live, under } from "./standing.ts";

export { ownOptions };

/**
 * The table: every key of the configuration with its type, default, unit, sentence and standing. Files, environment, error
 * texts, JSON Schema and docs/configuration.md come out of it. Keys of Centrifugo v6 keep their names and defaults, one file a
 * subject in `options/`; keys of our own stand in sections of our own. Options of the entries of lists are `lists.ts`.
 */
export const centrifugoOptions = {
  ...httpServerOptions,
  ...transportOptions,
  ...clientOptions,
  ...channelOptions,
  ...under("channel.without_namespace", live(namespaceOptions)),
  ...operationsOptions,
  ...scalingOptions,
} as const;

export const options = { ...centrifugoOptions, ...ownOptions } as const;

export type OptionPath = keyof typeof options;
export type OptionValues = { [K in OptionPath]: ValueOf<(typeof options)[K]> };
