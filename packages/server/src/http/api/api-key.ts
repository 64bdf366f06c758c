import { createHash, timingSafeEqual } from "node:crypto";

/** Whether a request carries the API key. */
export type KeyCheck = (request: Request) => boolean;

/**
 * Where a key may stand, in this order (centrifugo-v6 section 8.1, H1, H2):
 * 1. `X-API-Key`: when present and not empty, `Authorization` is not looked at;
 * 2. `Authorization: apikey <key>`, and `Authorization: Token <key>` as the document of this system says;
 * 3. `?api_key=`: also when a header carried a wrong key.
 *
 * An empty configured key closes the door; `insecure` opens it. Comparing takes the same time for every key (S13).
 */
export function createKeyCheck(config: { readonly key: string; readonly insecure: boolean }): KeyCheck {
  if (config.insecure) return () => true;
  if (config.key === "") return () => false;
  const expected = digest(config.key);
  const isKey = (given: string) => timingSafeEqual(digest(given), expected);
  return (request) => {
    const inHeader = keyInHeaders(request.headers);
    if (inHeader !== undefined && isKey(inHeader)) return true;
    const inQuery = keyInQuery(request.url);
    return inQuery !== undefined && isKey(inQuery);
  };
}

function keyInHeaders(headers: Headers): string | undefined {
  const own = firstOf(headers.get("x-api-key"));
  if (own !== "") return own;
  const parts = firstOf(headers.get("authorization")).trim().split(/\s+/);
  if (parts.length !== 2) return undefined;
  const scheme = parts[0]!.toLowerCase();
  return scheme === "apikey" || scheme === "token" ? parts[1] : undefined;
}

/** Repeated headers reach us joined by ", "; the first one counts. */
function firstOf(value: string | null): string {
  if (value === null) return "";
  const join = value.indexOf(", ");
  return join < 0 ? value : value.slice(0, join);
}

function keyInQuery(url: string): string | undefined {
  const query = url.indexOf("?");
  if (query < 0) return undefined;
  return new URLSearchParams(url.slice(query + 1)).get("api_key") ?? undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
