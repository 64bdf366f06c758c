import type { Logger } from "../../log.ts";
import { type OutgoingAnswer, OutgoingFailure, type OutgoingFetch } from "../../outgoing/outgoing-fetch.ts";
import { internalError } from "../channel-rules.ts";
import { PushError } from "../push-engine.ts";
import { Fields, MalformedJson } from "../raw-json/fields.ts";

/** One call of Centrifugo's server API: answers the fields of `result`. @throws PushError its error, or 100 when it is away */
export type CentrifugoCall = (method: string, request: string | Uint8Array) => Promise<Fields>;

export interface CentrifugoCallPorts {
  /** Base address of Centrifugo's HTTP server, without `/api`. */
  readonly url: string;
  readonly apiKey: string;
  readonly fetch: OutgoingFetch;
  readonly log: Logger;
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
}

/** Fail closed: whatever is not a whole answer of the protocol becomes 100 (X1), never a guess. */
export function createCentrifugoCall(ports: CentrifugoCallPorts): CentrifugoCall {
  const { fetch, timeoutMs, answerBytesMax, log } = ports;
  const headers = { "content-type": "application/json", "x-api-key": ports.apiKey };
  return async (method, body) => {
    let answer: OutgoingAnswer;
    try {
      answer = await fetch({ url: `${ports.url}/api/${method}`, headers, body, timeoutMs, answerBytesMax });
    } catch (cause) {
      if (!(cause instanceof OutgoingFailure)) throw cause;
      log.warn({ method, reason: cause.message }, "Centrifugo did not answer");
      throw internalError();
    }
    return resultOf(method, answer, log);
  };
}

function resultOf(method: string, answer: OutgoingAnswer, log: Logger): Fields {
  if (answer.status !== 200) {
    log.warn({ method, status: answer.status }, "Centrifugo refused a request");
    throw internalError();
  }
  try {
    const fields = Fields.ofDocument(answer.body);
    const error = fields.object("error");
    if (error !== undefined)
      throw new PushError(error.integer("code", 0, 2 ** 32 - 1) ?? 100, error.text("message") ?? "internal server error");
    const result = fields.object("result");
    if (result === undefined) throw new MalformedJson("neither result nor error");
    return result;
  } catch (cause) {
    if (!(cause instanceof MalformedJson)) throw cause;
    log.warn({ method, reason: cause.message }, "Centrifugo's answer cannot be read");
    throw internalError();
  }
}
