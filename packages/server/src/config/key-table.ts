import { variableName } from "./environment.ts";
import { namespaceOptions, pushChannelOptions } from "./namespace-options.ts";
import { type Option, shownDefault } from "./option.ts";
import { centrifugoOptions, ownOptions } from "./options.ts";

/** docs/configuration.md, made from the table; a test keeps the file current, `scripts/generate-docs.ts` writes it. */
export function configurationPage(): string {
  return `${[
    "# Configuration",
    "",
    "Made from the table in `packages/server/src/config/options.ts` by `scripts/generate-docs.ts`.",
    "",
    "Fleetcast starts without any configuration. What is set comes, later wins, from:",
    "",
    "1. the defaults below,",
    "2. a file (YAML, JSON or TOML): `-c FILE`, else `FLEETCAST_CONFIG`, else `fleetcast.yaml` or `fleetcast.json` in the working folder,",
    "3. the environment: `FLEETCAST_` and the key in capitals, `.` as `_`; Centrifugo's keys also as `CENTRIFUGO_...` (both set and different: the start is refused),",
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
    "An existing Centrifugo file starts Fleetcast unchanged, or is refused with the list of the keys that Fleetcast does not honour yet.",
    "",
    ...table(centrifugoOptions, true),
    "",
    "## Namespaces",
    "",
    "`channel.without_namespace.<option>` for channels without a namespace, and each entry of `channel.namespaces` with its `name`. While `mqtt.enabled`, the",
    "namespaces `telemetry`, `events`, `p_alert`, `user_cmd`, `fleet`, `feed` and `console_tail` are there; one that the file defines is used as written.",
    "In the environment: `CENTRIFUGO_CHANNEL_NAMESPACES` (JSON, or names separated by spaces) and `CENTRIFUGO_CHANNEL_NAMESPACES_<NAME>_<OPTION>`.",
    "",
    ...table(namespaceOptions, false),
    "",
    "`push.channels.<namespace>.<option>`, Fleetcast's own:",
    "",
    ...table(pushChannelOptions, false),
    "",
    "## Keys of Fleetcast",
    "",
    ...table(ownOptions, true),
  ].join("\n")}\n`;
}

function table(options: Readonly<Record<string, Option<unknown>>>, withVariable: boolean): string[] {
  const head = withVariable
    ? ["| Key | Type | Default | Environment | Meaning |", "|---|---|---|---|---|"]
    : ["| Option | Type | Default | Meaning |", "|---|---|---|---|"];
  const rows = Object.entries(options).map(([path, option]) => {
    const cells = [
      `\`${path}\``,
      typeOf(option),
      code(shownDefault(option)),
      ...(withVariable ? [`\`${variableName(path)}\``] : []),
      option.sentence,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [...head, ...rows];
}

function typeOf(option: Option<unknown>): string {
  return option.kind === "enum" ? option.expected : option.kind;
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}
