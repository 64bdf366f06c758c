import { type OutgoingAnswer, OutgoingFailure, type OutgoingFetch } from "../../outgoing/outgoing-fetch.ts";
import { type BatchItem, decodeBatch, encodeBatch, type ItemOutcome } from "./batch-codec.ts";

/**
 * What became of one request. `failed`: none of its items may count as pushed, though some may have arrived. `alarm`: a
 * human has to mend it (wrong key, wrong address). `tooLarge`: a smaller request may pass.
 */
export type SendOutcome = { readonly kind: "answered"; readonly items: readonly ItemOutcome[] } | SendFailure;

export interface SendFailure {
  readonly kind: "failed";
  readonly reason: string;
  readonly alarm: boolean;
  readonly tooLarge: boolean;
}

/** Never rejects. */
export type BatchSender = (items: readonly BatchItem[]) => Promise<SendOutcome>;

export interface BatchSenderPorts {
  /** Base address of Centrifugo's HTTP server, without `/api`. */
  readonly url: string;
  readonly apiKey: string;
  readonly fetch: OutgoingFetch;
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
}

/** Sends rows as one `POST /api/batch` (table X7). */
export function createBatchSender(ports: BatchSenderPorts): BatchSender {
  const { fetch, timeoutMs, answerBytesMax } = ports;
  const url = `${ports.url}/api/batch`;
  const headers = { "content-type": "application/json", "x-api-key": ports.apiKey };
  return async (items) => {
    try {
      return outcomeOf(await fetch({ url, headers, body: encodeBatch(items), timeoutMs, answerBytesMax }), items.length);
    } catch (cause) {
      if (!(cause instanceof OutgoingFailure)) throw cause;
      return failed(cause.message);
    }
  };
}

function outcomeOf(answer: OutgoingAnswer, count: number): SendOutcome {
  switch (answer.status) {
    case 200: {
      const items = decodeBatch(answer.body, count);
      return items === undefined ? failed(`the answer is not one of ${count} replies`) : { kind: "answered", items };
    }
    case 401:
      return { ...failed("401: the API key is wrong"), alarm: true };
    case 404:
      return { ...failed("404: no server API at this address"), alarm: true };
    case 413:
      return { ...failed("413: the request is too large"), tooLarge: true };
    default:
      return failed(`status ${answer.status}`);
  }
}

function failed(reason: string): SendFailure {
  return { kind: "failed", reason, alarm: false, tooLarge: false };
}
