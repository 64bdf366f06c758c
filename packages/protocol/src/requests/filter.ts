import type { FilterNode } from "../command.ts";
import type { FieldReader } from "./field-reader.ts";
import { shapes } from "./shapes.ts";

interface FilterDraft {
  op: string;
  key: string;
  cmp: string;
  val: string;
  vals: readonly string[];
  nodes: readonly FilterNode[];
}

const noTexts: readonly string[] = [];
const noNodes: readonly FilterNode[] = [];

/**
 * A tags filter. Without recursion: a frame has room for nodes nested 16,000 deep. Its lists are shared until they hold
 * something, because a frame also has room for 32,000 empty nodes.
 */
export function filter(reader: FieldReader, before: FilterNode | undefined): FilterNode {
  const root: FilterDraft = before ?? emptyNode();
  const parents: FilterDraft[] = [];
  let node = root;
  reader.open(shapes.FilterNode);
  for (;;) {
    if (!reader.next()) {
      reader.close();
      const parent = parents.pop();
      if (parent === undefined) return root;
      node = parent;
    } else if (reader.field === 6) {
      parents.push(node);
      const inner = emptyNode();
      node.nodes = appended(node.nodes, inner, noNodes);
      node = inner;
      reader.open(shapes.FilterNode);
    } else {
      readMember(reader, node);
    }
  }
}

function readMember(reader: FieldReader, node: FilterDraft): void {
  switch (reader.field) {
    case 1:
      node.op = reader.string();
      return;
    case 2:
      node.key = reader.string();
      return;
    case 3:
      node.cmp = reader.string();
      return;
    case 4:
      node.val = reader.string();
      return;
    case 5:
      node.vals = appended(node.vals, reader.string(), noTexts);
      return;
    default:
      reader.skip();
  }
}

function emptyNode(): FilterDraft {
  return { op: "", key: "", cmp: "", val: "", vals: noTexts, nodes: noNodes };
}

/** Appends in place, except to the shared empty list. */
function appended<T>(list: readonly T[], item: T, shared: readonly T[]): readonly T[] {
  if (list === shared) return [item];
  (list as T[]).push(item);
  return list;
}
