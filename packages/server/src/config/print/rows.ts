import { variableName } from "../environment.ts";
import { type ListPath, listPaths, namedLists } from "../table/lists.ts";
import { type Option, shownDefault } from "../table/option.ts";
import { pushChannelOptions } from "../table/options/namespace.ts";
import { centrifugoOptions, ownOptions } from "../table/options.ts";
import { standingOf, type Table } from "../table/standing.ts";

/** One key as tables for people show it. */
export interface Row {
  /** Of an entry of a list: `channel.namespaces[].presence`. */
  readonly path: string;
  readonly type: string;
  /** "" where nothing is the default. */
  readonly initial: string;
  readonly variable: string;
  readonly sentence: string;
  readonly standing: "honoured" | "not needed" | "refused" | "part";
  /** What to do about a refused key, why one is not needed, what a part belongs to. */
  readonly remark: string;
  /** A reload takes it. */
  readonly live: boolean;
}

/** Everything that a configuration can say, Centrifugo's keys first. */
export function allRows(): Row[] {
  return [...centrifugoRows(), ...rowsOf(ownOptions), ...pushChannelRows()];
}

export function centrifugoRows(): Row[] {
  return [...rowsOf(centrifugoOptions), ...listPaths.flatMap(listRows)];
}

export function rowsOf(table: Table): Row[] {
  return Object.entries(table).map(([path, option]) => rowOf(table, path, option, path, variableName(path)));
}

function listRows(list: ListPath): Row[] {
  const { table } = namedLists[list];
  return Object.entries(table).map(([option, declared]) =>
    rowOf(table, option, liveIn(list, declared), `${list}[].${option}`, variableName(`${list}.<name>.${option}`)),
  );
}

/** A list is taken as a whole. */
function liveIn(list: ListPath, option: Option<unknown>): Option<unknown> {
  return list === "consumers" ? option : { ...option, live: true };
}

function pushChannelRows(): Row[] {
  const section = "push.channels";
  return Object.entries(pushChannelOptions).map(([option, declared]) =>
    rowOf(
      pushChannelOptions,
      option,
      { ...declared, live: true },
      `${section}.<name>.${option}`,
      variableName(`${section}.<name>.${option}`),
    ),
  );
}

function rowOf(table: Table, key: string, option: Option<unknown>, path: string, variable: string): Row {
  const standing = standingOf(table, key);
  return {
    path,
    type: option.kind === "enum" ? option.expected : option.kind,
    initial: shownDefault(option),
    variable,
    sentence: option.sentence,
    standing: standing === undefined ? "honoured" : standing.kind === "unneeded" ? "not needed" : standing.kind,
    remark: remarkOf(standing),
    live: option.live === true,
  };
}

function remarkOf(standing: ReturnType<typeof standingOf>): string {
  switch (standing?.kind) {
    case undefined:
      return "";
    case "refused":
      return standing.remedy;
    case "unneeded":
      return standing.why;
    case "part":
      return standing.of;
  }
}
