import { shown, shownName } from "../problems.ts";
import type { Table } from "../table/standing.ts";
import type { Tree } from "./file.ts";

/** What a walk over written keys meets. Paths are lower case: keys are read without regard to case, as Centrifugo reads them. */
export interface Met {
  value(path: string, value: unknown): void;
  unknown(path: string, value: unknown): void;
  problem(path: string, shownValue: string | undefined, expected: string): void;
}

/** The sections of a table: every path above a key. */
export function sectionsOf(paths: Iterable<string>): ReadonlySet<string> {
  const sections = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf("."); end > 0; end = path.lastIndexOf(".", end - 1)) sections.add(path.slice(0, end));
  }
  return sections;
}

/** Walks a tree of keys down to those that `known` holds; `sections` are what lies above them. */
export function flatten(tree: Tree, known: Table | { readonly [path: string]: unknown }, sections: ReadonlySet<string>, met: Met): void {
  const seen = new Set<string>();
  const walk = (node: Tree, above: string): void => {
    for (const [key, value] of Object.entries(node)) {
      const path = above === "" ? key.toLowerCase() : `${above}.${key.toLowerCase()}`;
      if (Object.hasOwn(known, path)) {
        if (seen.has(path)) met.problem(path, undefined, "stands there twice, in other letters or another way of writing");
        seen.add(path);
        met.value(path, value);
      } else if (isTree(value)) walk(value, path);
      else if (!sections.has(path)) met.unknown(path, value);
      else if (value !== null) met.problem(shownName(path), shown(value, false), "expected a section of keys");
    }
  };
  walk(tree, "");
}

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
