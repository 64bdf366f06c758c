/**
 * The topic layout: which topic means what, for which machine. Patterns are configuration; each holds `{vm_id}` once, as
 * a whole level, so that a subscription filter (`+`) and an ACL line (`%u`) can stand in its place.
 */

export const topicKinds = ["telemetry", "events", "status", "cmd", "ack"] as const;
export type TopicKind = (typeof topicKinds)[number];
export type TopicPatterns = Readonly<Record<TopicKind, string>>;

export const defaultTopicPatterns: TopicPatterns = {
  telemetry: "vm/{vm_id}/telemetry",
  events: "vm/{vm_id}/events",
  status: "vm/{vm_id}/status",
  cmd: "vm/{vm_id}/cmd",
  ack: "vm/{vm_id}/cmd/ack",
};

/** Kinds that machines send; `cmd` is the only one that goes to them. */
export const inboundKinds = ["telemetry", "events", "status", "ack"] as const satisfies readonly TopicKind[];

export const topicLevelsMax = 16;
export const topicBytesMax = 512;

const vmIdRule = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** `[A-Za-z0-9][A-Za-z0-9_-]{0,62}`: nothing in it means anything in a topic, a filter, a path or a channel name (M19). */
export function isVmId(text: string): boolean {
  return vmIdRule.test(text);
}

export interface TopicLayout {
  readonly patterns: TopicPatterns;
  parse(topic: string): { readonly vmId: string; readonly kind: TopicKind } | undefined;
  build(kind: TopicKind, vmId: string): string;
  /** Subscription filters that cover every machine's topics of these kinds. */
  filters(kinds: readonly TopicKind[]): readonly string[];
  /** Where a machine may write: its own topics and what lies under its own subtree, but never its command topic. `$` is nobody's. */
  mayPublish(vmId: string, topic: string): boolean;
  /** What a machine may listen to: its own topics, or any filter that cannot leave its own subtree. */
  maySubscribe(vmId: string, filter: string): boolean;
}

/** A layout that cannot work: named so that configuration can say which pattern and why. */
export class TopicPatternError extends Error {
  override readonly name = "TopicPatternError";
  readonly kind: TopicKind;
  constructor(kind: TopicKind, reason: string) {
    super(`topic pattern for ${kind}: ${reason}`);
    this.kind = kind;
  }
}

interface Split {
  readonly kind: TopicKind;
  readonly before: string;
  readonly after: string;
}

export function createTopicLayout(overrides: Partial<TopicPatterns> = {}): TopicLayout {
  const patterns: TopicPatterns = { ...defaultTopicPatterns, ...overrides };
  const splits = topicKinds.map((kind) => splitPattern(kind, patterns[kind]));
  const byBefore = new Map<string, Map<string, TopicKind>>();
  for (const { kind, before, after } of splits) {
    const suffixes = byBefore.get(before) ?? new Map<string, TopicKind>();
    const taken = suffixes.get(after);
    if (taken !== undefined) throw new TopicPatternError(kind, `is the same as the one for ${taken}`);
    byBefore.set(before, suffixes.set(after, kind));
  }
  const groups = [...byBefore];
  // Longest first: with `a/{vm_id}` and `a/b/{vm_id}` the more precise one decides.
  groups.sort(([left], [right]) => right.length - left.length);
  const subtrees = groups.filter(([, suffixes]) => [...suffixes.keys()].some((after) => after !== "")).map(([before]) => before);

  const parse = (topic: string): { vmId: string; kind: TopicKind } | undefined => {
    for (const [before, suffixes] of groups) {
      if (!topic.startsWith(before)) continue;
      const slash = topic.indexOf("/", before.length);
      const end = slash === -1 ? topic.length : slash;
      const kind = suffixes.get(topic.slice(end));
      if (kind === undefined) continue;
      const vmId = topic.slice(before.length, end);
      if (isVmId(vmId)) return { vmId, kind };
    }
    return undefined;
  };
  const build = (kind: TopicKind, vmId: string): string => patterns[kind].replace("{vm_id}", vmId);
  const inOwnSubtree = (vmId: string, text: string): boolean => subtrees.some((before) => text.startsWith(`${before}${vmId}/`));

  return {
    patterns,
    parse,
    build,
    filters: (kinds) => kinds.map((kind) => patterns[kind].replace("{vm_id}", "+")),
    mayPublish: (vmId, topic) => {
      if (topic.startsWith("$")) return false;
      const meaning = parse(topic);
      return meaning === undefined ? inOwnSubtree(vmId, topic) : meaning.vmId === vmId && meaning.kind !== "cmd";
    },
    maySubscribe: (vmId, filter) =>
      !filter.startsWith("$") && (inOwnSubtree(vmId, filter) || topicKinds.some((kind) => build(kind, vmId) === filter)),
  };
}

function splitPattern(kind: TopicKind, pattern: string): Split {
  const parts = pattern.split("{vm_id}");
  if (parts.length !== 2) throw new TopicPatternError(kind, `must hold {vm_id} exactly once, is "${pattern}"`);
  const [before = "", after = ""] = parts;
  const wholeLevel = (before === "" || before.endsWith("/")) && (after === "" || after.startsWith("/"));
  if (!wholeLevel) throw new TopicPatternError(kind, `{vm_id} must be a whole level, is "${pattern}"`);
  if (before.startsWith("$")) throw new TopicPatternError(kind, "must not begin with $");
  if (!/^[A-Za-z0-9_./-]*$/.test(before + after)) throw new TopicPatternError(kind, `may hold A-Z a-z 0-9 _ . / -, is "${pattern}"`);
  if (pattern.split("/").length > topicLevelsMax) throw new TopicPatternError(kind, `has more than ${topicLevelsMax} levels`);
  // A vm_id is at most 63 bytes.
  if (before.length + after.length + 63 > topicBytesMax) throw new TopicPatternError(kind, `is longer than ${topicBytesMax} bytes`);
  return { kind, before, after };
}

/** Does a subscription filter match a topic? [MQTT-4.7] Both are valid; `$` topics match no leading wildcard. */
export function filterMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith("$") && (filter.startsWith("#") || filter.startsWith("+"))) return false;
  const filterLevels = filter.split("/");
  const topicLevels = topic.split("/");
  for (const [index, level] of filterLevels.entries()) {
    if (level === "#") return true;
    const other = topicLevels[index];
    if (other === undefined || (level !== "+" && level !== other)) return false;
  }
  return filterLevels.length === topicLevels.length;
}
