import type { FilterNode } from "../command.ts";
import { ProtocolViolation } from "../protocol-violation.ts";

interface FilterDraft extends FilterNode {
  op: string;
  key: string;
  cmp: string;
  val: string;
  vals: readonly string[];
  nodes: FilterNode[];
}

/**
 * A tags filter from its built value. Without recursion: how deep it nests is the client's choice, and a stack that
 * overflows would be our mistake.
 */
export function decodeFilter(value: unknown): FilterNode {
  const root = emptyNode();
  const open: { readonly value: unknown; readonly node: FilterDraft }[] = [{ value, node: root }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node } = next;
    for (const [name, member] of membersOf(next.value)) readMember(node, name, member, open);
  }
  return root;
}

function readMember(node: FilterDraft, name: string, member: unknown, open: { value: unknown; node: FilterDraft }[]): void {
  switch (name.toLowerCase()) {
    case "op":
    case "key":
    case "cmp":
    case "val":
      if (member !== null) node[name.toLowerCase() as "op" | "key" | "cmp" | "val"] = textOf(member);
      return;
    case "vals":
      node.vals = listOf(member).map((item) => (item === null ? "" : textOf(item)));
      return;
    case "nodes":
      node.nodes = listOf(member).map((inner) => {
        const child = emptyNode();
        open.push({ value: inner, node: child });
        return child;
      });
      return;
  }
}

function emptyNode(): FilterDraft {
  return { op: "", key: "", cmp: "", val: "", vals: [], nodes: [] };
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) throw new ProtocolViolation("a filter that is not an object");
  return Object.entries(value);
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new ProtocolViolation("a filter member that is not a string");
  return value.toWellFormed();
}

function listOf(value: unknown): readonly unknown[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new ProtocolViolation("a filter member that is not a list");
  return value;
}
