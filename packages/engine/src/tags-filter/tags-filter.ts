import type { FilterNode, Tags } from "@fleetcast/protocol";
import { type Leaf, leafMatches, leafOf } from "./leaf.ts";

/** Comparisons of one filter: each publication costs them once for each of its subscribers. */
export const leavesMax = 1_024;

/** Where an answer leads: to the next leaf, or to the end. */
const matches = -1;
const fails = -2;

interface Step {
  readonly leaf: Leaf;
  readonly ifTrue: number;
  readonly ifFalse: number;
}

/**
 * A client's wish about tags, made ready for the fan-out: a list of comparisons, each of which says where to go on. Looking a
 * publication through follows one way along that list; it does not recurse, and `not` costs nothing.
 */
export class TagsFilter {
  readonly #steps: readonly Step[];
  readonly #first: number;

  private constructor(steps: readonly Step[], first: number) {
    this.#steps = steps;
    this.#first = first;
  }

  /** Undefined for a filter that is not well formed, or has more than `leavesMax` comparisons (107). */
  static of(filter: FilterNode): TagsFilter | undefined {
    const steps: Step[] = [];
    const first = compile(filter, steps);
    return first === undefined ? undefined : new TagsFilter(steps, first);
  }

  /** How many comparisons a publication may cost. */
  get leafCount(): number {
    return this.#steps.length;
  }

  isMatch(tags: Tags | undefined): boolean {
    let at = this.#first;
    while (at >= 0) {
      const step = this.#steps[at];
      if (step === undefined) return false;
      at = leafMatches(step.leaf, tags) ? step.ifTrue : step.ifFalse;
    }
    return at === matches;
  }
}

/** An inner node whose children are being compiled, from the last to the first, because a child leads to the one behind it. */
interface Open {
  readonly node: FilterNode;
  readonly ifTrue: number;
  readonly ifFalse: number;
  left: number;
  entry: number;
}

/** Answers where the filter begins. A stack of our own: how deep a filter nests is the client's choice. */
function compile(root: FilterNode, steps: Step[]): number | undefined {
  const open: Open[] = [];
  let next: { readonly node: FilterNode; readonly ifTrue: number; readonly ifFalse: number } | undefined = {
    node: root,
    ifTrue: matches,
    ifFalse: fails,
  };
  for (;;) {
    let entry: number;
    if (next !== undefined) {
      const { node, ifTrue, ifFalse } = next;
      if (node.op !== "") {
        if (!isWellFormed(node)) return undefined;
        open.push({ node, ifTrue, ifFalse, left: node.nodes.length, entry: fails });
        next = childOf(open[open.length - 1]);
        continue;
      }
      const leaf = leafOf(node);
      if (leaf === undefined || steps.length === leavesMax) return undefined;
      entry = steps.push({ leaf, ifTrue, ifFalse }) - 1;
    } else {
      const done = open.pop();
      if (done === undefined) return undefined;
      entry = done.entry;
    }
    const parent = open[open.length - 1];
    if (parent === undefined) return entry;
    parent.entry = entry;
    parent.left--;
    next = childOf(parent);
  }
}

function isWellFormed({ op, nodes }: FilterNode): boolean {
  return op === "not" ? nodes.length === 1 : (op === "and" || op === "or") && nodes.length > 0;
}

/** The child that comes next, and where its answers lead; undefined when all are done. */
function childOf(open: Open | undefined): { node: FilterNode; ifTrue: number; ifFalse: number } | undefined {
  const node = open?.node.nodes[open.left - 1];
  if (open === undefined || node === undefined) return undefined;
  const { ifTrue, ifFalse, entry } = open;
  if (open.node.op === "not") return { node, ifTrue: ifFalse, ifFalse: ifTrue };
  const isLast = open.left === open.node.nodes.length;
  if (isLast) return { node, ifTrue, ifFalse };
  return open.node.op === "and" ? { node, ifTrue: entry, ifFalse } : { node, ifTrue, ifFalse: entry };
}
