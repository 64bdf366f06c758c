import { rpcNamespaceOptions } from "../table/options/channel.ts";
import { namespaceOptions, pushChannelOptions } from "../table/options/namespace.ts";
import { proxyOptions } from "../table/options/proxy.ts";
import { centrifugoOptions, ownOptions } from "../table/options.ts";
import { live, type Table } from "../table/standing.ts";
import { allRows, centrifugoRows, type Row, rowsOf } from "./rows.ts";
import { configurationTexts, type PageLanguage, type PageTexts } from "./texts.ts";

/** Keys that stand once; groups that stand often have a section of their own. */
const once = Object.fromEntries(
  Object.entries(centrifugoOptions).filter(
    ([path]) =>
      !path.startsWith("channel.without_namespace.") &&
      !/^(client\.proxy\.(connect|refresh)|channel\.proxy\.\w+|rpc\.proxy)\.(?!enabled$)/.test(path),
  ),
);

/** docs/configuration.md and its Chinese sister; a test keeps them current, `scripts/generate-docs.ts` writes them. */
export function configurationPage(language: PageLanguage = "en"): string {
  const texts = configurationTexts[language];
  const parts: readonly (readonly [string, Table])[] = [
    [texts.centrifugo, once],
    [texts.proxies, live(proxyOptions)],
    [texts.namespaces, live(namespaceOptions)],
    [texts.rpcNamespaces, live(rpcNamespaceOptions)],
    [texts.pushChannels, live(pushChannelOptions)],
    [texts.own, ownOptions],
  ];
  return `${[texts.intro, ...parts.flatMap(([text, table]) => [text, rowsAsTable(rowsOf(table), texts)])].join("\n\n")}\n`;
}

/** docs/centrifugo-options.md: every option of Centrifugo v6.9.6 and how it stands here. */
export function centrifugoOptionsPage(): string {
  const rows = centrifugoRows();
  const count = (standing: Row["standing"]): number => rows.filter((row) => row.standing === standing).length;
  const lines = rows.map(
    (row) => `| \`${row.path}\` | ${code(row.initial)} | ${row.standing === "part" ? `refused with ${row.remark}` : row.standing} |`,
  );
  return `${[
    "# Every option of Centrifugo v6.9.6",
    "",
    "Made from the table in `packages/server/src/config/table/` by `scripts/generate-docs.ts`; a test compares the names with those that the real",
    `Centrifugo prints. Of ${rows.length} options ${count("honoured")} are honoured, ${count("not needed")} are accepted and not needed, ${count("refused")} are refused with what to do`,
    `instead ([configuration](configuration.md) says what), and ${count("part")} belong to one of those and are accepted while it is not used.`,
    "",
    "| Option | Default | Here |",
    "|---|---|---|",
    ...lines,
  ].join("\n")}\n`;
}

/** `fleetcast configdoc -m -s SECTION`: the keys below one section. */
export function sectionTable(section: string): string | undefined {
  const rows = allRows().filter(({ path }) => path === section || path.startsWith(`${section}.`) || path.startsWith(`${section}[]`));
  return rows.length === 0 ? undefined : rowsAsTable(rows, configurationTexts.en);
}

/** What belongs to something refused is not listed: the row of that says it. */
function rowsAsTable(rows: readonly Row[], texts: PageTexts): string {
  const lines = rows.flatMap(({ path, type, initial, sentence, standing, remark, live }) => {
    if (standing === "part") return [];
    const honoured = live ? texts.live : "";
    const here = standing === "honoured" ? honoured : `${standing === "refused" ? `**${texts.refused}**` : texts.unneeded}: ${remark}`;
    return [`| ${[`\`${path}\``, type, code(initial), sentence, here].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`];
  });
  return [texts.head, "|---|---|---|---|---|", ...lines].join("\n");
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}
