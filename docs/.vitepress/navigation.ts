import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DefaultTheme } from "vitepress";
import type { Language } from "./site-path.ts";

const docs = join(dirname(fileURLToPath(import.meta.url)), "..");

interface Group {
  readonly title: Readonly<Record<Language, string>>;
  /** Paths without `.md`; `folder/*` is every page there that stands nowhere else. A page that does not exist is left out. */
  readonly pages: readonly string[];
  readonly collapsed?: boolean;
}

const groups: readonly Group[] = [
  { title: { en: "Begin", "zh-CN": "入门" }, pages: ["first-ten-minutes", "integration"] },
  { title: { en: "Guides", "zh-CN": "指南" }, pages: ["devices", "tokens", "proxies", "sdks", "from-centrifugo", "centrifugo-cluster"] },
  { title: { en: "In production", "zh-CN": "生产环境" }, pages: ["production", "tls", "packaging", "operations", "administration", "*"] },
  {
    title: { en: "Reference", "zh-CN": "参考" },
    pages: ["configuration", "centrifugo-options", "reference/*", "limits"],
  },
  { title: { en: "How it works", "zh-CN": "原理" }, pages: ["architecture", "reliability"] },
  {
    title: { en: "Rules", "zh-CN": "规则" },
    pages: [
      "spec/deviations",
      "spec/protocol",
      "spec/connections",
      "spec/streams",
      "spec/maps",
      "spec/shared-poll",
      "spec/transports",
      "spec/tokens",
      "spec/proxies",
      "spec/push",
      "spec/ingest",
      "spec/journal",
      "spec/config",
      "spec/*",
    ],
    collapsed: true,
  },
  { title: { en: "Conformance, rule by rule", "zh-CN": "逐条一致性" }, pages: ["spec/conformance/*"], collapsed: true },
  { title: { en: "Decisions", "zh-CN": "决策" }, pages: ["decisions/*"], collapsed: true },
  { title: { en: "Measurements", "zh-CN": "测量" }, pages: ["bench/*"], collapsed: true },
];

/** Menu, sidebar and the theme's own words in one language. */
export function navigation(language: Language): DefaultTheme.Config {
  const home = language === "en" ? "/" : "/zh-CN/";
  const words = language === "en" ? english : chinese;
  const item = (page: string): DefaultTheme.NavItemWithLink => ({ text: title(page, language), link: address(page, language) });
  return {
    ...words,
    logoLink: home,
    nav: ["first-ten-minutes", "integration", "production", "configuration"].filter(exists).map(item),
    sidebar: sidebar(language),
  };
}

function sidebar(language: Language): DefaultTheme.SidebarItem[] {
  const named = new Set(groups.flatMap((group) => group.pages));
  return groups.flatMap((group) => {
    const pages = group.pages.flatMap((page) => (page.endsWith("*") ? others(page.slice(0, -1), named) : exists(page) ? [page] : []));
    if (pages.length === 0) return [];
    return [
      {
        text: group.title[language],
        ...(group.collapsed === undefined ? {} : { collapsed: group.collapsed }),
        items: pages.map((page) => ({ text: title(page, language), link: address(page, language) })),
      },
    ];
  });
}

function others(folder: string, named: ReadonlySet<string>): string[] {
  if (!existsSync(join(docs, folder))) return [];
  return readdirSync(join(docs, folder))
    .filter((name) => name.endsWith(".md") && !name.endsWith(".zh-CN.md") && name !== "index.md")
    .map((name) => `${folder}${name.slice(0, -".md".length)}`)
    .filter((page) => !named.has(page))
    .sort();
}

function exists(page: string): boolean {
  return existsSync(join(docs, `${page}.md`));
}

function translated(page: string): boolean {
  return existsSync(join(docs, `${page}.zh-CN.md`));
}

function address(page: string, language: Language): string {
  return language === "zh-CN" && translated(page) ? `/zh-CN/${page}` : `/${page}`;
}

/** Pages that are made in English alone, or that a menu calls by a shorter name. */
const chineseTitles: Readonly<Record<string, string>> = { "centrifugo-options": "Centrifugo 选项一览" };

/**
 * The page's own first heading, up to its colon. Rules, decisions and measurements are English only, and the Chinese menu
 * says so.
 */
function title(page: string, language: Language): string {
  const chinesePage = language === "zh-CN" && translated(page);
  const text = readFileSync(join(docs, `${page}${chinesePage ? ".zh-CN" : ""}.md`), "utf8");
  const heading = (text.match(/^# (.+)$/m)?.[1] ?? page).replaceAll("`", "").split(/: |：/)[0]!;
  return language === "en" || chinesePage ? heading : `${chineseTitles[page] ?? heading}（英文）`;
}

const english = { outline: { level: [2, 3] as [number, number], label: "On this page" } } satisfies DefaultTheme.Config;

const chinese = {
  outline: { level: [2, 3] as [number, number], label: "本页目录" },
  docFooter: { prev: "上一页", next: "下一页" },
  darkModeSwitchLabel: "外观",
  lightModeSwitchTitle: "切换到浅色",
  darkModeSwitchTitle: "切换到深色",
  sidebarMenuLabel: "目录",
  returnToTopLabel: "回到顶部",
  langMenuLabel: "语言",
  skipToContentLabel: "跳到正文",
  notFound: { title: "没有这个页面", quote: "地址可能写错了，或页面已经移走。", linkLabel: "回到首页", linkText: "回到首页" },
} satisfies DefaultTheme.Config;
