import type { Family } from "./family.ts";
import { absentFamilies } from "./table/absent.ts";
import { centrifugoFamilies } from "./table/centrifugo.ts";
import { fleetcastFamilies } from "./table/fleetcast.ts";
import { processFamilies } from "./table/process.ts";

type Language = "en" | "zh-CN";

/** `docs/reference/metrics.md`: every name of a scrape, from the tables that the scrape is written from. */
export function metricsPage(language: Language = "en"): string {
  const t = texts[language];
  return [
    `# ${t.title}`,
    "",
    t.other,
    "",
    t.made,
    "",
    t.intro,
    "",
    `## ${t.ours}`,
    "",
    ...table(Object.values(fleetcastFamilies), language),
    "",
    `## ${t.theirs}`,
    "",
    t.theirsIntro,
    "",
    ...table(Object.values(centrifugoFamilies), language),
    "",
    `## ${t.process}`,
    "",
    ...table(Object.values(processFamilies), language),
    "",
    `## ${t.absent}`,
    "",
    `| ${t.name} | ${t.why} |`,
    "|---|---|",
    ...absentFamilies.map(({ name, why, zh }) => `| \`${name}\` | ${language === "en" ? why : zh} |`),
    "",
  ].join("\n");
}

function table(families: readonly Family[], language: Language): string[] {
  const t = texts[language];
  return [
    `| ${t.name} | ${t.type} | ${t.labels} | ${t.meaning} |`,
    "|---|---|---|---|",
    ...families.map(({ name, type, labels, help, zh, unlike }) => {
      const meaning = language === "en" ? help : zh;
      const difference = unlike === undefined ? "" : ` (${t.unlike}${unlike})`;
      return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${meaning}${difference} |`;
    }),
  ];
}

const texts = {
  en: {
    title: "Metrics",
    other: "[简体中文](metrics.zh-CN.md)",
    made: "Made by `bun scripts/generate-docs.ts` from the tables in `packages/server/src/metrics/table`; do not edit.",
    intro:
      "`prometheus.enabled` serves them at `prometheus.handler_prefix` (`/metrics`), on the internal port where there is one, without a key, as Centrifugo does. `promtool check metrics` finds nothing to say about our own names. No label ever holds a channel, a user, a machine or anything else that a client chooses. What to do with them: [operations](../operations.md).",
    ours: "Ours",
    theirs: "Centrifugo's names",
    theirsIntro:
      "With a real Centrifugo as push engine its own `/metrics` has them, and ours only those of the server API. `channel_namespace` is empty, as Centrifugo's open edition leaves it. In brackets: what is not quite the same.",
    process: "The process",
    absent: "Centrifugo's names that are not here",
    name: "Name",
    type: "Type",
    labels: "Labels",
    meaning: "Meaning",
    unlike: "here: ",
    why: "Why",
  },
  "zh-CN": {
    title: "指标",
    other: "[English](metrics.md)",
    made: "由 `bun scripts/generate-docs.ts` 根据 `packages/server/src/metrics/table` 中的表生成，请勿手工修改。",
    intro:
      "`prometheus.enabled` 打开后，指标在 `prometheus.handler_prefix`（`/metrics`）提供；设置了内部端口时只在内部端口上，与 Centrifugo 一样不需要密钥。`promtool check metrics` 对我们自己的名称没有意见。任何标签都不包含频道、用户、设备或客户端能自行选择的内容。如何使用见 [运维](../operations.zh-CN.md)。",
    ours: "我们自己的指标",
    theirs: "与 Centrifugo 同名的指标",
    theirsIntro:
      "以真实 Centrifugo 作为推送引擎时，这些指标在它自己的 `/metrics` 上，我们这里只有服务端 API 的部分。`channel_namespace` 为空，与 Centrifugo 开源版一致。括号内说明与它不完全相同之处。",
    process: "进程",
    absent: "Centrifugo 有而这里没有的指标",
    name: "名称",
    type: "类型",
    labels: "标签",
    meaning: "含义",
    unlike: "此处：",
    why: "原因",
  },
} as const;
