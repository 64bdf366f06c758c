import type { RuleFunction } from "../harness/rule.ts";
import type { FrameCase } from "./frame-case.ts";
import { type ProbeOptions, runCase } from "./run-case.ts";

/** Adds each case as a rule: its row of table W with a number behind it. */
export function addCases(
  rule: RuleFunction,
  cases: readonly FrameCase[],
  options: ProbeOptions & { readonly firstNumber?: number } = {},
): void {
  const numbers = new Map<string, number>();
  for (const one of cases) {
    const number = numbers.get(one.row) ?? options.firstNumber ?? 1;
    numbers.set(one.row, number + 1);
    const { real } = one;
    rule(
      `[${one.row}.${number}] ${one.text}: ${inWords(one)}`,
      {
        formats: ["json"],
        ...(real === undefined
          ? {}
          : { differs: { deviation: real.deviation, real: (side) => runCase(side, one, real.outcome, options) } }),
      },
      (side) => runCase(side, one, one.outcome, options),
    );
  }
}

function inWords({ outcome }: FrameCase): string {
  switch (outcome.kind) {
    case "published":
      return "taken as it is";
    case "ponged":
      return outcome.payloads.length === 1 ? "answered" : `${outcome.payloads.length} answers, in order`;
    case "alive":
      return "nothing happens";
    case "close":
      return `close ${outcome.code}`;
    case "cut":
      return "the socket is cut";
  }
}
