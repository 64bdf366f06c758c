/** What stands at the head of every answer that stays open: nothing between us and the client may keep or gather it. */
export function streamHeaders(headers: Headers, contentType: string): Headers {
  headers.set("Connection", "keep-alive");
  headers.set("X-Accel-Buffering", "no");
  headers.set("Content-Type", contentType);
  headers.set("Cache-Control", "private, no-cache, no-store, must-revalidate, max-age=0");
  headers.set("Pragma", "no-cache");
  // Centrifugo's spelling, which clients and proxies may have learnt to expect.
  headers.set("Expire", "0");
  return headers;
}

export const contentTypes = {
  events: "text/event-stream; charset=utf-8",
  json: "text/plain; charset=utf-8",
  protobuf: "application/octet-stream",
} as const;

/** An event stream begins with an empty line, so that its head leaves before there is anything to say. */
export const eventsFirstText = "\r\n";

/** How long a stream's peer may take nothing (Centrifugo's streams know no option for it). */
export const streamWriteTimeoutMs = 1_000;
