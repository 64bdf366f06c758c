import { clientErrors, type Disconnect, disconnectReasonBytesMax, disconnects, utf8Length } from "@fleetcast/protocol";
import { type Ending, endWith, type Refusal, refuse } from "./connection/outcome.ts";
import { type ProxyAnswer, ProxyAnswerUnusable } from "./proxies.ts";

/** Codes that a client understands as an error: the protocol's own, and the operator's (400 to 1999). */
const errorCodes = { min: 100, max: 1_999 };
/** Codes that a close frame may carry and an SDK has a rule for: 3000 is never sent. */
const disconnectCodes = { min: 3_001, max: 4_999 };
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const controlCharacters = /[\x00-\x1f\x7f]/;

type Refused = Exclude<ProxyAnswer<unknown>, { readonly kind: "result" }>;

/**
 * What a backend refuses with, as a client can be told it (X4, X5). A code that no client could act on is our backend's mistake:
 * the client hears of an internal error, the operator of the mistake.
 */
export function guarded(answer: Refused, question: string, report: (message: string, cause: unknown) => void): Refusal | Ending {
  if (answer.kind === "error") {
    const { code, message, temporary } = answer;
    if (isWithin(code, errorCodes)) return refuse({ code, message, temporary });
    report(`the ${question} proxy answered with an error that clients cannot be told`, new ProxyAnswerUnusable(`code ${code}`));
    return refuse(clientErrors.internal);
  }
  const { code, reason } = answer;
  if (isWithin(code, disconnectCodes) && !controlCharacters.test(reason)) return endWith(sayable({ code, reason }));
  report(`the ${question} proxy answered with a disconnect that clients cannot be told`, new ProxyAnswerUnusable(`code ${code}`));
  return endWith(disconnects.internal);
}

function isWithin(code: number, { min, max }: { readonly min: number; readonly max: number }): boolean {
  return Number.isInteger(code) && code >= min && code <= max;
}

/** The reason cut to what fits into a close frame, at a character. */
function sayable({ code, reason }: Disconnect): Disconnect {
  if (utf8Length(reason) <= disconnectReasonBytesMax) return { code, reason };
  let cut = "";
  let bytes = 0;
  for (const character of reason.toWellFormed()) {
    bytes += utf8Length(character);
    if (bytes > disconnectReasonBytesMax) break;
    cut += character;
  }
  return { code, reason: cut };
}
