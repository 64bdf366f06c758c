import type { ProxyCaller } from "@fleetcast/engine";
import type { ProxyConfig } from "../config/config.ts";

/** A header that no request can carry: a client's mistake, so the call fails before anybody is asked. */
export class UnusableHeader extends Error {
  override readonly name = "UnusableHeader";
}

/** What belongs to one connection only, or is decided by who sends: never taken from a configuration or a client. */
const ownHeaders = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The headers of a question: static ones, then those of the connect command, then those of the client's own request, later ones
 * winning, of the two latter only what the proxy lists. Nothing else of a client is passed on (PX2).
 */
export function headersOf(config: Pick<ProxyConfig, "staticHeaders" | "emulatedHeaders" | "httpHeaders">) {
  const fixed: Record<string, string> = {};
  for (const [name, value] of config.staticHeaders) put(fixed, name, value);
  const emulatedNames = new Set(config.emulatedHeaders.map((name) => name.toLowerCase()));
  const httpNames = new Set(config.httpHeaders.map((name) => name.toLowerCase()));
  /** @throws UnusableHeader */
  return (caller: Pick<ProxyCaller, "emulatedHeaders" | "transport"> | undefined): Record<string, string> => {
    const headers = { ...fixed };
    if (caller !== undefined) {
      if (emulatedNames.size > 0) {
        for (const [name, value] of caller.emulatedHeaders) if (emulatedNames.has(name.toLowerCase())) put(headers, name, value);
      }
      for (const name of httpNames) {
        const value = caller.transport.headers.get(name);
        if (value !== undefined) put(headers, name, value);
      }
    }
    headers["content-type"] = "application/json";
    return headers;
  };
}

function put(headers: Record<string, string>, name: string, value: string): void {
  const lower = name.toLowerCase();
  if (!ownHeaders.has(lower)) headers[lower] = onTheWire(lower, value);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const controlCharacters = /[\x00-\x08\x0a-\x1f\x7f]/;

/** A header is bytes: text beyond ASCII travels as UTF-8, one character a byte. */
function onTheWire(name: string, value: string): string {
  if (controlCharacters.test(value)) throw new UnusableHeader(`the header ${name} has a control character`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, whole.
  return /^[\x00-\x7f]*$/.test(value) ? value : Buffer.from(value, "utf8").toString("latin1");
}
