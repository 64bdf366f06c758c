import type { ScanFault } from "./json-scan.ts";
import { Fault } from "./json-tokens.ts";

/**
 * Why a message became a dead letter (table "Refusals" of docs/spec/ingest.md). The code is counted and stable; the detail
 * says where and what was expected, and never repeats the payload.
 */
export type RefusalCode =
  | "unknown_topic"
  | "foreign_topic"
  | "unknown_machine"
  | "empty"
  | "too_big"
  | "not_json"
  | "bad_text"
  | "number_range"
  | "too_deep"
  | "too_many_keys"
  | "schema"
  | "wrong_machine"
  | "unknown_command";

export interface Refusal {
  readonly code: RefusalCode;
  readonly detail: string;
}

export function refusal(code: RefusalCode, detail: string): Refusal {
  return { code, detail };
}

/** The `reason` of a dead letter. */
export function reasonText(refused: Refusal): string {
  return `${refused.code}: ${refused.detail}`;
}

export function refusalOfFault({ fault, atByte }: ScanFault, limits: { depthMax: number; keysMax: number }): Refusal {
  switch (fault) {
    case Fault.syntax:
      return refusal("not_json", `not JSON at byte ${atByte}`);
    case Fault.utf8:
      return refusal("bad_text", `invalid UTF-8 at byte ${atByte}`);
    case Fault.nul:
      return refusal("bad_text", `the character U+0000 at byte ${atByte}`);
    case Fault.surrogate:
      return refusal("bad_text", `half of a surrogate pair at byte ${atByte}`);
    case Fault.numberRange:
      return refusal("number_range", `a number beyond the range of a double at byte ${atByte}`);
    case Fault.depth:
      return refusal("too_deep", `nested deeper than ${limits.depthMax} at byte ${atByte}`);
    case Fault.keys:
      return refusal("too_many_keys", `more than ${limits.keysMax} keys at byte ${atByte}`);
  }
}
