import type { Option } from "./option.ts";

/**
 * How a key of Centrifugo v6 stands here. A declaration without a mark is honoured. To honour a key that is refused or
 * unneeded, take its mark away where it is declared (`options/*.ts`): that is the whole switch, its value is in `Config`
 * already. Keys of a section follow the section's `enabled` by themselves.
 */
export type Standing =
  /** Any value but the default refuses the start; `remedy` says what to do. */
  | { readonly kind: "refused"; readonly remedy: string; readonly passedOn?: PassedOn }
  /** Taken; another value than the default is a warning with the reason why it does nothing. */
  | { readonly kind: "unneeded"; readonly why: string }
  /** Without effect unless `of` is used, which is refused. Taken without a word. */
  | { readonly kind: "part"; readonly of: string };

/** What a real Centrifugo behind us (`push.engine: centrifugo`) is told instead: these values; of others, why not. */
export interface PassedOn {
  readonly values: readonly unknown[];
  readonly otherwise: string;
}

export type Table = Readonly<Record<string, Option<unknown>>>;

export function refused<O extends Option<unknown>>(option: O, remedy: string, passedOn?: PassedOn): O {
  return { ...option, standing: { kind: "refused", remedy, ...(passedOn === undefined ? {} : { passedOn }) } };
}

export function unneeded<O extends Option<unknown>>(option: O, why: string): O {
  return { ...option, standing: { kind: "unneeded", why } };
}

/** A whole group that has an effect only with something that is refused. */
export function partOf<G extends Table>(of: string, group: G): G {
  return Object.fromEntries(Object.entries(group).map(([key, option]) => [key, { ...option, standing: { kind: "part", of } }])) as G;
}

/** Keys that a reload can take. */
export function live<G extends Table>(group: G): G {
  return Object.fromEntries(Object.entries(group).map(([key, option]) => [key, { ...option, live: true }])) as G;
}

export type Under<P extends string, G> = { readonly [K in keyof G & string as `${P}.${K}`]: G[K] };

/** A shared group of options below a path: `under("http_server.tls", tlsOptions)`. */
export function under<const P extends string, G extends Table>(path: P, group: G): Under<P, G> {
  return Object.fromEntries(Object.entries(group).map(([key, option]) => [`${path}.${key}`, option])) as Under<P, G>;
}

/**
 * The standing of one key: a section whose `enabled` is refused or unneeded takes everything inside along, the outermost first.
 * undefined: honoured.
 */
export function standingOf(table: Table, path: string): Standing | undefined {
  for (const gate of gatesOf(table, path)) {
    if (table[gate]?.standing !== undefined) return { kind: "part", of: gate };
  }
  return table[path]?.standing;
}

/** The `enabled` keys of the sections around a key, outermost first. */
export function gatesOf(table: Table, path: string): string[] {
  const parts = path.split(".");
  const gates: string[] = [];
  for (let depth = 0; depth < parts.length; depth += 1) {
    const gate = [...parts.slice(0, depth), "enabled"].join(".");
    if (gate !== path && gate in table) gates.push(gate);
  }
  return gates;
}
