/**
 * Every HTTP request that leaves the server: to a Centrifugo, later to the operator's proxies. Nothing that answers may hang,
 * flood or send us elsewhere (D25, D51, S5): redirects are not followed, time and answer size are limited, and the answer is
 * read to its end before it is believed.
 */
export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Bytes of the answer after decompression. */
  readonly answerBytesMax: number;
}

export interface OutgoingAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** The answer did not come, or not whole: refused, reset, timed out, cut off, too big. `cause` says which. */
export class OutgoingFailure extends Error {
  override readonly name = "OutgoingFailure";
}

/** POST; any status is an answer. @throws OutgoingFailure */
export type OutgoingFetch = (request: OutgoingRequest) => Promise<OutgoingAnswer>;

export function createOutgoingFetch(fetchNow: typeof fetch = fetch): OutgoingFetch {
  return async (request) => {
    try {
      const response = await fetchNow(request.url, {
        method: "POST",
        headers: request.headers,
        body: request.body as Uint8Array<ArrayBuffer> | string,
        redirect: "manual",
        signal: AbortSignal.timeout(request.timeoutMs),
      });
      return { status: response.status, body: await readLimited(response, request.answerBytesMax) };
    } catch (cause) {
      if (cause instanceof OutgoingFailure) throw cause;
      throw new OutgoingFailure(`no whole answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  };
}

async function readLimited(response: Response, bytesMax: number): Promise<Uint8Array> {
  const declared = Number(response.headers.get("content-length") ?? Number.NaN);
  if (declared > bytesMax) {
    await response.body?.cancel();
    throw tooBig(bytesMax);
  }
  // A declared length bounds what arrives, unless the answer unpacks to more.
  if (declared <= bytesMax && response.headers.get("content-encoding") === null) return new Uint8Array(await response.arrayBuffer());
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw tooBig(bytesMax);
    }
    chunks.push(value);
  }
}

function tooBig(bytesMax: number): OutgoingFailure {
  return new OutgoingFailure(`the answer is larger than ${bytesMax} bytes`);
}
