import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/**
 * After the build, over the finished pages: every link to a place on a page finds that place, and nothing is loaded from another
 * host. (VitePress itself stops at a link to a page that does not exist.)
 */
export function checkSite(folder: string): void {
  const pages = new Map(htmlFiles(folder).map((file) => [`/${relative(folder, file).split(sep).join("/")}`, readFileSync(file, "utf8")]));
  const problems = [...pages].flatMap(([path, html]) => [...foreignLoads(path, html), ...lostAnchors(path, html, pages)]);
  if (problems.length > 0) throw new Error(`the documentation has faults:\n${problems.join("\n")}`);
}

function htmlFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".html"))
    .map((name) => join(folder, name));
}

function foreignLoads(path: string, html: string): string[] {
  const tags = html.match(/<(script|link|img|iframe|source|video)\b[^>]*>/g) ?? [];
  return tags.filter((tag) => /\b(src|href)="(https?:)?\/\//.test(tag)).map((tag) => `${path}: loads from another host: ${tag}`);
}

function lostAnchors(path: string, html: string, pages: ReadonlyMap<string, string>): string[] {
  const base = process.env["DOCS_BASE"] ?? "/";
  const found: string[] = [];
  for (const [, href = ""] of html.matchAll(/<a\b[^>]*\bhref="([^"]+)"/g)) {
    const [page = "", anchor] = href.split("#");
    if (anchor === undefined || anchor === "" || /^[a-z]+:/i.test(href)) continue;
    const target = page === "" ? html : pages.get(`/${page.slice(base.length)}`);
    const id = decodeURIComponent(anchor);
    if (target === undefined || !target.includes(`id="${id}"`)) found.push(`${path}: the link ${href} finds no such place`);
  }
  return found;
}
