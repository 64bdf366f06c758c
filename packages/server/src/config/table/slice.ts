import type { ValueOf } from "./option.ts";
import type { Table, Under } from "./standing.ts";

export type GroupValues<G extends Table> = { -readonly [K in keyof G]: ValueOf<G[K]> };

/** The values of a shared group below a path, without the path: what `under` put there. */
export function slice<P extends string, G extends Table>(
  values: { readonly [K in keyof Under<P, G>]: unknown },
  path: P,
  group: G,
): GroupValues<G> {
  const all = values as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.keys(group).map((key) => [key, all[`${path}.${key}`]])) as GroupValues<G>;
}
