import type { Side } from "./side.ts";
import type { Comparison } from "./transcript.ts";
import type { FormatName } from "./wire-format.ts";

/** `http` for rules in which no client speaks: they run once. */
export type RuleFormat = FormatName | "http";
export type Body = (side: Side) => Promise<void>;

export interface RuleOptions {
  /** JSON and Protobuf unless said otherwise. */
  readonly formats?: readonly RuleFormat[];
  /** Not beside other rules of its configuration: it looks at the whole server, or ends it. */
  readonly alone?: boolean;
  /** How the two servers' transcripts are compared; everything in its order unless a reason speaks against it. */
  readonly compare?: Comparison;
  /** The real server does something else, on purpose: `real` says what, and docs/spec/deviations.md has a line with this text in it. */
  readonly differs?: { readonly deviation: string; readonly real: Body };
  /** A difference that is being worked on. It is counted and printed; none may remain in a release. */
  readonly pending?: string;
  /** A run that takes longer has failed. */
  readonly limitMs?: number;
}

/** What has to hold on both servers. */
export interface Rule {
  /** `C16.3`: the third rule of what docs/spec calls C16. */
  readonly id: string;
  readonly text: string;
  readonly formats: readonly RuleFormat[];
  readonly options: RuleOptions;
  readonly body: Body;
}

/** Where the proxies of a configuration file point. */
export interface ConfigParts {
  /** `http://127.0.0.1:<port>`, without a path. */
  readonly backendUrl: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a configuration file as its author writes it.
export type ConfigFile = Record<string, any>;

export interface GroupOptions {
  /** Names the page docs/spec/conformance/<name>.md and `--group`. */
  readonly name: string;
  /** The page's heading and one sentence under it. */
  readonly title: string;
  readonly about: string;
  /** Centrifugo's configuration file beyond what every group has. Groups with equal ones share one pair of servers. */
  readonly config: ConfigFile | ((parts: ConfigParts) => ConfigFile);
}

export interface Group extends GroupOptions {
  readonly rules: readonly Rule[];
}

export interface RuleFunction {
  (title: string, body: Body): void;
  (title: string, options: RuleOptions, body: Body): void;
}

/** A group and the function that adds rules to it: `rule("[C16.3] ...", { ... }, async (side) => { ... })`. */
export function conformance(options: GroupOptions): { readonly group: Group; readonly rule: RuleFunction } {
  const rules: Rule[] = [];
  const rule = (title: string, second: RuleOptions | Body, third?: Body): void => {
    const [, id, text] = /^\[([A-Z]+\d+(?:\.\d+)?)\] (.+)$/s.exec(title) ?? [];
    if (id === undefined || text === undefined) throw new Error(`"${title}" does not begin with an id like [C16.3]`);
    const [ruleOptions, body] = typeof second === "function" ? [{}, second] : [second, third!];
    rules.push({ id, text, body, options: ruleOptions, formats: ruleOptions.formats ?? ["json", "protobuf"] });
  };
  return { group: { ...options, rules }, rule };
}
