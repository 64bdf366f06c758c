import type { Comparison } from "../../conformance/harness/transcript.ts";
import type { Session } from "./session.ts";
import type { Way } from "./ways.ts";

export interface ScenarioOptions {
  /** What the SDK must be able to, by the words of its introduction. */
  readonly needs?: readonly string[];
  /** Only by the ways that this lets through, besides `needs`. */
  readonly ways?: (way: Way) => boolean;
  /** `ours` alone: what the real server does not have. */
  readonly on?: "both" | "ours" | "real";
  /**
   * `heavy` moves megabytes: few of them run at a time, so that who is meant to be fast is fast. `restart` waits for a
   * restart of its server, which all such sessions share.
   */
  readonly pace?: "light" | "heavy" | "restart";
  readonly compare?: Comparison;
  readonly limitMs?: number;
}

export interface Scenario {
  readonly id: string;
  readonly text: string;
  readonly options: ScenarioOptions;
  readonly body: (session: Session) => Promise<void>;
}

/** `scenario("[SDK1] ...", options, async (session) => { ... })`: what every SDK has to see on both servers. */
export function scenario(title: string, options: ScenarioOptions, body: Scenario["body"]): Scenario {
  const [, id, text] = /^\[(SDK\d+)\] (.+)$/s.exec(title) ?? [];
  if (id === undefined || text === undefined) throw new Error(`"${title}" does not begin with an id like [SDK1]`);
  return { id, text, options, body };
}
