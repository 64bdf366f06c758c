import { type Option, shownDefault } from "../table/option.ts";
import { rpcNamespaceOptions } from "../table/options/channel.ts";
import { namespaceOptions, pushChannelOptions } from "../table/options/namespace.ts";
import { proxyOptions } from "../table/options/proxy.ts";
import { centrifugoOptions, ownOptions } from "../table/options.ts";
import { standingOf, type Table } from "../table/standing.ts";

/** Keys that stand once; groups that stand often have a section of their own. */
const topLevel = Object.fromEntries(
  Object.entries(centrifugoOptions).filter(
    ([path]) =>
      !path.startsWith("channel.without_namespace.") &&
      !/^(client\.proxy\.(connect|refresh)|channel\.proxy\.\w+|rpc\.proxy)\.(?!enabled$)/.test(path),
  ),
);

/** docs/configuration.md, made from the table; a test keeps the file current, `scripts/generate-docs.ts` writes it. */
export function configurationPage(): string {
  return `${[
    "# Configuration",
    "",
    "Made from the table in `packages/server/src/config/table/` by `scripts/generate-docs.ts`.",
    "",
    "Fleetcast starts without any configuration. What is set comes, later wins, from:",
    "",
    "1. the defaults below,",
    "2. a file (YAML, JSON or TOML): `-c FILE`, else `FLEETCAST_CONFIG`, else `fleetcast.yaml` or `fleetcast.json` in the working folder,",
    "3. the environment: `FLEETCAST_` and the key in capitals, `.` as `_` (`http_server.port` is `FLEETCAST_HTTP_SERVER_PORT`); Centrifugo's keys also as",
    "   `CENTRIFUGO_...` (both set and different: the start is refused),",
    "4. the flags `--data-dir` and `-c`.",
    "",
    "`fleetcast checkconfig [--strict]` says everything a start would say. A wrong value stops the start with file, key, value and what is expected, all at",
    "once, with exit code 2. An unknown key is a warning with the nearest known name, and refused with `--strict`. A zero or an empty text where a default",
    'exists is the default. Durations are written as `"25s"`, `"300ms"`, `"720h"`. Keys are read without regard to case.',
    "",
    "Keys that nobody sets (`http_api.key`, `client.token.hmac_secret_key`, `push.centrifugo.proxy_secret`, and two that only Fleetcast needs) are made at the",
    "first start and kept in `<data>/secrets.json`, mode 0600.",
    "",
    "## Keys of Centrifugo v6",
    "",
    "An existing Centrifugo file starts Fleetcast unchanged, or is refused with the list of the keys that Fleetcast does not honour and what to do about each.",
    "**refused** means: any value but the default stops the start; what belongs to a refused key is taken and has no effect. **not needed** means: taken, and",
    "another value than the default is a warning.",
    "",
    ...table(topLevel),
    "",
    "## Proxies",
    "",
    "Each of `client.proxy.connect`, `client.proxy.refresh`, `channel.proxy.<subscribe|publish|sub_refresh|map_publish|map_remove|shared_poll_refresh>` and",
    "`rpc.proxy` has these, and each entry of `proxies` with its `name`:",
    "",
    ...table(proxyOptions),
    "",
    "## Namespaces",
    "",
    "`channel.without_namespace.<option>` for channels without a namespace, and each entry of `channel.namespaces` with its `name`. While `mqtt.enabled`, the",
    "namespaces `telemetry`, `events`, `p_alert`, `user_cmd`, `fleet`, `feed` and `console_tail` are there; one that the file defines is used as written.",
    "In the environment: `CENTRIFUGO_CHANNEL_NAMESPACES` (JSON, or names separated by spaces) and `CENTRIFUGO_CHANNEL_NAMESPACES_<NAME>_<OPTION>`.",
    "",
    ...table(namespaceOptions),
    "",
    "Each entry of `rpc.namespaces` has a `name` and:",
    "",
    ...table(rpcNamespaceOptions),
    "",
    "`push.channels.<namespace>.<option>`, Fleetcast's own:",
    "",
    ...table(pushChannelOptions),
    "",
    "## Keys of Fleetcast",
    "",
    ...table(ownOptions),
  ].join("\n")}\n`;
}

/** What belongs to something refused is not listed: the row of that says it. */
function table(options: Table): string[] {
  const rows = Object.entries(options).flatMap(([path, option]) => {
    const standing = standingOf(options, path);
    if (standing?.kind === "part") return [];
    const here =
      standing === undefined ? "" : standing.kind === "refused" ? `**refused**: ${standing.remedy}` : `not needed: ${standing.why}`;
    const cells = [`\`${path}\``, typeOf(option), code(shownDefault(option)), option.sentence, here];
    return [`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`];
  });
  return ["| Key | Type | Default | Meaning | Here |", "|---|---|---|---|---|", ...rows];
}

function typeOf(option: Option<unknown>): string {
  return option.kind === "enum" ? option.expected : option.kind;
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}
