import type { Route } from "../http/route.ts";

/** What a path leads to. */
export type Match =
  | { readonly kind: "route"; readonly route: Route; readonly rest: string }
  | { readonly kind: "method"; readonly allow: readonly string[] }
  /** Reserved for programs: never the dashboard's page. */
  | { readonly kind: "reserved" }
  | { readonly kind: "page" };

export type Router = (method: string, path: string) => Match;

/** Exact paths win over prefixes, longer prefixes over shorter ones. HEAD is answered where GET is. */
export function createRouter(routes: readonly Route[], reservedPrefixes: readonly string[]): Router {
  const exact = new Map<string, Route[]>();
  const prefixes = new Map<string, Route[]>();
  for (const route of routes) {
    const isPrefix = route.path.endsWith("/*");
    const [map, key] = isPrefix ? [prefixes, route.path.slice(0, -1)] : [exact, route.path];
    map.set(key, [...(map.get(key) ?? []), route]);
  }
  const byLength = [...prefixes].sort(([a], [b]) => b.length - a.length);
  const reserved = reservedPrefixes.map((prefix) => prefix.replace(/\/+$/, "")).filter((prefix) => prefix !== "");

  return (method, path) => {
    const here = exact.get(path);
    if (here !== undefined) return choose(here, method, "");
    for (const [prefix, found] of byLength) {
      if (path.startsWith(prefix)) return choose(found, method, path.slice(prefix.length));
    }
    const plain = plainPath(path);
    if (reserved.some((prefix) => plain === prefix || plain.startsWith(`${prefix}/`))) return { kind: "reserved" };
    return { kind: "page" };
  };
}

/**
 * Without escapes and doubled slashes, so that a program with a badly joined address is told 404 and not given the page.
 * Only for that: routes match the path as it came.
 */
function plainPath(path: string): string {
  if (!path.includes("%") && !path.includes("//")) return path;
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // Broken escapes are no program's path.
  }
  return decoded.replace(/\/{2,}/g, "/");
}

function choose(routes: readonly Route[], method: string, rest: string): Match {
  const wanted = method === "HEAD" ? "GET" : method;
  const route = routes.find((candidate) => candidate.method === wanted) ?? routes.find((candidate) => candidate.method === "*");
  if (route !== undefined) return { kind: "route", route, rest };
  const allow = routes.map((candidate) => candidate.method as string);
  return { kind: "method", allow: allow.includes("GET") ? [...allow, "HEAD"] : allow };
}
