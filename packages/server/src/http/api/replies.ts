import type { Logger } from "../../log.ts";
import type { ApiMeter } from "../../metrics/call-meter.ts";
import { internalError } from "../../push/channel-rules.ts";
import { type PushEngine, PushError } from "../../push/push-engine.ts";
import { joinParts } from "../../push/raw-json/write.ts";
import type { Call, MethodResult } from "./method.ts";
import { errorJson } from "./methods.ts";
import { UnencodableResult } from "./results.ts";

export type Reply = { readonly ok: true; readonly result: MethodResult } | { readonly ok: false; readonly error: PushError };

/** Runs a decoded command of that name. */
export type RunCall = (method: string, call: Call) => Promise<Reply>;

/** The same with its time taken. */
export function metered(run: RunCall, meter: ApiMeter | undefined): RunCall {
  if (meter === undefined) return run;
  return async (method, call) => {
    const startedAtMs = meter.nowMs();
    const answer = await run(method, call);
    meter.ended(method, startedAtMs, answer.ok ? undefined : answer.error.code);
    return answer;
  };
}

/** Runs a decoded command. Its expected errors come back as a reply; our own mistakes are logged here and become 100. */
export async function reply(call: Call, push: PushEngine, log: Logger): Promise<Reply> {
  try {
    return { ok: true, result: await call(push) };
  } catch (cause) {
    if (cause instanceof UnencodableResult) throw cause;
    const error = cause instanceof PushError ? cause : internalError(cause);
    if (error.code === 100 && error.cause !== undefined) log.error({ cause: error.cause }, "a server API command failed");
    return { ok: false, error };
  }
}

/** `"result":...` or `"error":...` inside the braces that `open` begins, e.g. `{"id":5,`. */
export function envelope(open: string, answer: Reply): string | Uint8Array {
  if (!answer.ok) return `${open}"error":${errorJson(answer.error)}}`;
  const { json } = answer.result;
  return typeof json === "string" ? `${open}"result":${json}}` : joinParts([`${open}"result":`, json, "}"]);
}

export function isQueued(answer: Reply): boolean {
  return answer.ok && answer.result.queued === true;
}

/** Replies one behind the other, as text where all of them are text. */
export function joined(replies: readonly (string | Uint8Array)[], separator: string): string | Uint8Array {
  if (replies.every((part) => typeof part === "string")) return replies.join(separator);
  return joinParts(replies.flatMap((part, index) => (index === 0 ? [part] : [separator, part])));
}
