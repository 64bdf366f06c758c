import { existsSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarkdownRenderer } from "vitepress";
import { sitePath } from "./site-path.ts";

const docs = join(dirname(fileURLToPath(import.meta.url)), "..");
const repository = join(docs, "..");

interface PageEnvironment {
  /** The file that is being rendered, as it lies in the repository. */
  readonly realPath?: string;
}

/**
 * Links are written as they work in the repository. On the site one to a page gets that page's address, and one to a file
 * that is no page becomes its path: where the repository is read from the site cannot know. A link to nothing stops the build.
 */
export function repositoryLinks(md: MarkdownRenderer): void {
  md.core.ruler.push("repository-links", (state) => {
    const page = (state.env as PageEnvironment).realPath;
    if (page === undefined) return;
    for (const block of state.tokens) {
      let outside = false;
      for (const token of block.children ?? []) {
        if (token.type === "link_close" && outside) {
          token.tag = "span";
          outside = false;
        }
        if (token.type !== "link_open") continue;
        const place = placeOf(String(token.attrGet("href")), page);
        if (place === undefined) continue;
        if ("address" in place) {
          token.attrSet("href", place.address);
          continue;
        }
        outside = true;
        token.type = "repository_file_open";
        token.tag = "span";
        token.attrs = [
          ["class", "repository-file"],
          ["title", place.file],
        ];
      }
    }
  });
}

type Place = { readonly address: string } | { readonly file: string };

function placeOf(href: string, page: string): Place | undefined {
  if (/^([a-z]+:|#|\/)/i.test(href)) return undefined;
  const [path = "", anchor] = href.split("#");
  const target = resolve(dirname(page), decodeURIComponent(path));
  if (!existsSync(target)) throw new Error(`${relative(repository, page)}: the link ${href} leads nowhere`);
  const inDocs = relative(docs, target).split(sep).join("/");
  if (inDocs.startsWith("..") || statSync(target).isDirectory() || !inDocs.endsWith(".md")) {
    return { file: relative(repository, target).split(sep).join("/") };
  }
  return { address: `/${sitePath(inDocs)}${anchor === undefined ? "" : `#${anchor}`}` };
}

/** A line that ends between two Chinese characters is no space there, as it would be in English. */
export function chineseLines(md: MarkdownRenderer): void {
  const han = /[\p{Script=Han}]$/u;
  const mark = /[，。；：！？、（）《》“”]$/u;
  md.core.ruler.after("inline", "chinese-lines", (state) => {
    for (const block of state.tokens) {
      block.children?.forEach((token, index, all) => {
        if (token.type !== "softbreak") return;
        const before = all[index - 1]?.content ?? "";
        const after = [...(all[index + 1]?.content ?? "")][0] ?? "";
        if (!mark.test(before) && !mark.test(after) && !(han.test(before) && han.test(after))) return;
        token.type = "text";
        token.content = "";
      });
    }
  });
}

/** `- [ ]` of a checklist is a box here, too. */
export function checkBoxes(md: MarkdownRenderer): void {
  md.core.ruler.after("inline", "check-boxes", (state) => {
    for (const block of state.tokens) {
      const first = block.children?.[0];
      if (first?.type === "text" && first.content.startsWith("[ ] ")) first.content = `☐ ${first.content.slice("[ ] ".length)}`;
    }
  });
}

/** A block that is a file says its name above: ```` ```yaml [fleetcast.yaml] ````. What `{{` means to Vue it does not mean in prose. */
export function fileNames(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence!;
  md.renderer.rules.fence = (tokens, index, options, environment, renderer) => {
    // Asked first: the theme's own rule takes the name away.
    const name = tokens[index]!.info.match(/\[([^\]]+)\]/)?.[1];
    const block = fence(tokens, index, options, environment, renderer);
    return name === undefined ? block : `<div class="file-block"><div class="file-name">${md.utils.escapeHtml(name)}</div>${block}</div>`;
  };
  const text = md.renderer.rules.text!;
  md.renderer.rules.text = (...arguments_) => text(...arguments_).replaceAll("{{", "&#123;&#123;");
}

/** `10. TLS` is `10-tls`. */
export function headingId(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}
