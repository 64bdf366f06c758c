import type { DefaultTheme, UserConfig } from "vitepress";

type VitePlugins = NonNullable<NonNullable<UserConfig["vite"]>["plugins"]>;

/**
 * Search in the reader's browser over an index that the build makes. Chinese is written without spaces, so each of its
 * characters counts as a word; a question's words must all be on the page. These two functions travel to the browser as
 * text and may use nothing from outside themselves.
 */
const tokenize = (text: string): string[] => text.toLowerCase().match(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}_])+/gu) ?? [];

/** The browser's. */
declare const location: { readonly pathname: string };

/** One's own language; in Chinese also the pages that are there in English alone. */
const filter = ({ id }: { readonly id: string }): boolean =>
  location.pathname.includes("/zh-CN/") ? /\/(zh-CN|spec|decisions|bench)\//.test(id) : !id.includes("/zh-CN/");

/**
 * The index is one for both languages: VitePress sorts pages into languages by where their files lie, and ours lie side by
 * side. So the Chinese search is told to load the same one.
 */
export const oneSearchIndex: VitePlugins = [
  {
    name: "one-search-index",
    transform: (code: string, id: string) =>
      id === "/@localSearchIndex"
        ? code.replace("export default {", `export default {"zh-CN": () => import("@localSearchIndexroot"),`)
        : undefined,
  },
];

export const siteSearch: NonNullable<DefaultTheme.Config["search"]> = {
  provider: "local",
  options: {
    miniSearch: {
      options: { tokenize },
      searchOptions: { combineWith: "AND", fuzzy: false, prefix: true, boost: { title: 4, titles: 2, text: 1 }, filter },
    },
    locales: {
      "zh-CN": {
        translations: {
          button: { buttonText: "搜索", buttonAriaLabel: "搜索文档" },
          modal: {
            displayDetails: "显示详情",
            resetButtonTitle: "清空",
            backButtonTitle: "返回",
            noResultsText: "没有找到",
            footer: { selectText: "打开", navigateText: "选择", closeText: "关闭" },
          },
        },
      },
    },
  },
};
