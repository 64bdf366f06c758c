import type { FilterNode, Tags } from "@fleetcast/protocol";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";

/** One comparison of one tag, judged at the subscribe. */
export type Leaf =
  | { readonly cmp: "eq" | "neq" | "sw" | "ew" | "ct"; readonly key: string; readonly value: string }
  | { readonly cmp: "in" | "nin"; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly cmp: "ex" | "nex"; readonly key: string }
  /** `limit` undefined: what the client compares with is no number, so nothing matches. */
  | { readonly cmp: "gt" | "gte" | "lt" | "lte"; readonly key: string; readonly limit: Decimal | undefined };

/** Undefined for a leaf that says nothing, or too much (107). */
export function leafOf({ key, cmp, val, vals }: FilterNode): Leaf | undefined {
  switch (cmp) {
    case "eq":
    case "neq":
    case "sw":
    case "ew":
    case "ct":
      return key === "" || val === "" || vals.length > 0 ? undefined : { cmp, key, value: val };
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return key === "" || val === "" || vals.length > 0 ? undefined : { cmp, key, limit: parseDecimal(val) };
    case "in":
    case "nin":
      return key === "" || val !== "" || vals.length === 0 ? undefined : { cmp, key, values: new Set(vals) };
    case "ex":
    case "nex":
      return val !== "" || vals.length > 0 ? undefined : { cmp, key };
    default:
      return undefined;
  }
}

/** A tag that is not there equals nothing, but is among `values` that hold an empty one. */
export function leafMatches(leaf: Leaf, tags: Tags | undefined): boolean {
  const tag = tags !== undefined && Object.hasOwn(tags, leaf.key) ? tags[leaf.key] : undefined;
  switch (leaf.cmp) {
    case "eq":
      return tag === leaf.value;
    case "neq":
      return tag !== leaf.value;
    case "sw":
      return tag?.startsWith(leaf.value) === true;
    case "ew":
      return tag?.endsWith(leaf.value) === true;
    case "ct":
      return tag?.includes(leaf.value) === true;
    case "in":
      return leaf.values.has(tag ?? "");
    case "nin":
      return !leaf.values.has(tag ?? "");
    case "ex":
      return tag !== undefined;
    case "nex":
      return tag === undefined;
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return tag !== undefined && leaf.limit !== undefined && numberMatches(leaf.cmp, tag, leaf.limit);
  }
}

function numberMatches(cmp: "gt" | "gte" | "lt" | "lte", tag: string, limit: Decimal): boolean {
  const value = parseDecimal(tag);
  if (value === undefined) return false;
  const order = compareDecimals(value, limit);
  switch (cmp) {
    case "gt":
      return order > 0;
    case "gte":
      return order >= 0;
    case "lt":
      return order < 0;
    case "lte":
      return order <= 0;
  }
}
