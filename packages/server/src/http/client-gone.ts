/**
 * The client went away while its request was read. Anybody can do that as often as they like, so it is nothing for the
 * error log; what a handler of ours throws is, also when nobody waits for the answer any more.
 */
export function isClientGone(error: unknown, request: Request): boolean {
  return request.signal.aborted && error instanceof DOMException && error.name === "AbortError";
}
