import { defineConfig } from "vitepress";
import { checkSite } from "./check-site.ts";
import { checkBoxes, chineseLines, fileNames, headingId, repositoryLinks } from "./markdown.ts";
import { navigation } from "./navigation.ts";
import { oneSearchIndex, siteSearch } from "./search.ts";
import { sitePath } from "./site-path.ts";

/**
 * The documentation as a site: plain files, English at `/` and 简体中文 at `/zh-CN/`. The pages lie side by side, as they are read in
 * the repository (`X.md`, `X.zh-CN.md`); the addresses come from `sitePath`. Nothing is loaded from another host.
 */
export default defineConfig({
  srcDir: ".",
  base: process.env["DOCS_BASE"] ?? "/",
  title: "Fleetcast",
  lastUpdated: false,
  vite: { plugins: oneSearchIndex },
  rewrites: sitePath,
  markdown: {
    // Prose holds `<ns>` and `{{group}}`; neither is HTML or a template.
    html: false,
    // As GitHub makes them, so that a link to a heading works in both places.
    anchor: { slugify: headingId },
    config: (md) => {
      repositoryLinks(md);
      chineseLines(md);
      checkBoxes(md);
      fileNames(md);
    },
  },
  head: [
    ["link", { rel: "icon", href: `${process.env["DOCS_BASE"] ?? "/"}favicon.svg` }],
    ["meta", { name: "color-scheme", content: "light dark" }],
  ],
  themeConfig: { search: siteSearch, externalLinkIcon: true },
  locales: {
    root: {
      label: "English",
      lang: "en",
      description: "Live data from fleets of machines to screens: MQTT in, Centrifugo v6 protocol out, nothing lost between.",
      themeConfig: navigation("en"),
    },
    "zh-CN": {
      label: "简体中文",
      lang: "zh-CN",
      description: "把机群的实时数据送到屏幕：MQTT 接入，Centrifugo v6 协议推送，中间不丢一条消息。",
      themeConfig: navigation("zh-CN"),
    },
  },
  buildEnd: ({ outDir }) => checkSite(outDir),
});
