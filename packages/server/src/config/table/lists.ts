import { rpcNamespaceOptions } from "./options/channel.ts";
import { consumerOptions } from "./options/consumers.ts";
import { namespaceOptions } from "./options/namespace.ts";
import { proxyOptions } from "./options/proxy.ts";
import type { Table } from "./standing.ts";

/**
 * Lists whose entries have names, each with a table of its own. In a file a list of objects; in the environment JSON, or the
 * names separated by spaces, and then a variable for each option: `CENTRIFUGO_CHANNEL_NAMESPACES_<NAME>_HISTORY_SIZE`.
 */
export interface NamedList {
  readonly table: Table;
  readonly name: RegExp;
  readonly nameExpected: string;
  readonly entryExpected: string;
}

const nameRule = { name: /^[-a-zA-Z0-9_.]{2,}$/, nameExpected: "expected 2 or more letters, digits, -, _ or ." } as const;

export const namedLists = {
  "channel.namespaces": { ...nameRule, table: namespaceOptions, entryExpected: "expected a namespace with a name" },
  "rpc.namespaces": { ...nameRule, table: rpcNamespaceOptions, entryExpected: "expected a namespace with a name" },
  proxies: { ...nameRule, table: proxyOptions, entryExpected: "expected a proxy with a name" },
  consumers: {
    table: consumerOptions,
    name: /^[a-zA-Z0-9_]{2,}$/,
    nameExpected: "expected 2 or more letters, digits or _",
    entryExpected: "expected a consumer with a name",
  },
} as const satisfies Readonly<Record<string, NamedList>>;

export type ListPath = keyof typeof namedLists;

export const listPaths = Object.keys(namedLists) as readonly ListPath[];

export function isListPath(path: string): path is ListPath {
  return Object.hasOwn(namedLists, path);
}
