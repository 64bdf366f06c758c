import type { DefaultTheme } from "vitepress";

/**
 * Search in the reader's browser over an index that the build makes. Chinese is written without spaces, so each of its
 * characters counts as a word; a question's words must all be on the page. The function travels to the browser as text
 * and may use nothing from outside itself.
 */
const tokenize = (text: string): string[] =>
  text.toLowerCase().match(/\p{Script=Han}|[\p{L}\p{N}_.:/-]+?(?=\p{Script=Han}|[^\p{L}\p{N}_]|$)/gu) ?? [];

export const siteSearch: NonNullable<DefaultTheme.Config["search"]> = {
  provider: "local",
  options: {
    miniSearch: {
      options: { tokenize },
      searchOptions: { combineWith: "AND", fuzzy: false, prefix: true, boost: { title: 4, titles: 2, text: 1 } },
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
