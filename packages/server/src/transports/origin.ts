import { compileGlob } from "../glob.ts";

/**
 * Who may open a WebSocket (design section 5): a request without an origin is no browser and passes; the page's own host
 * always passes; while `client.allowed_origins` is absent a page on this machine passes, too; otherwise its globs decide,
 * without regard to case.
 */
export type OriginRule = (origin: string | null, host: string | null) => boolean;

export function originRule(allowed: readonly string[] | undefined): OriginRule {
  // A malformed pattern has stopped the start; where one comes here nevertheless, it lets nobody in.
  const matchers = (allowed ?? []).map((pattern) => compileGlob(pattern.toLowerCase()) ?? (() => false));
  return (origin, host) => {
    if (origin === null || origin === "") return true;
    const lower = origin.toLowerCase();
    const parsed = URL.canParse(lower) ? new URL(lower) : undefined;
    if (parsed !== undefined && host !== null && sameHost(parsed, host.toLowerCase())) return true;
    if (allowed === undefined) return parsed !== undefined && /^https?:$/.test(parsed.protocol) && isLoopbackHost(parsed.hostname);
    return matchers.some((matches) => matches(lower));
  };
}

function sameHost(origin: URL, host: string): boolean {
  if (origin.host === host) return true;
  // `URL` drops a default port that the Host header may spell out.
  const port = origin.port || (origin.protocol === "https:" ? "443" : "80");
  return `${origin.hostname}:${port}` === host;
}

function isLoopbackHost(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}
