import { formatDuration } from "../duration.ts";
import type { Raw } from "../read/gather.ts";
import type { Option } from "../table/option.ts";

/** A value as a configuration file says it. */
export type FileValue = string | number | boolean | null | readonly unknown[] | Readonly<Record<string, unknown>>;

export function fileDefault(option: Option<unknown>): FileValue {
  return option.empty ?? formOf(option, option.default);
}

/** What somebody wrote, in a file or as text in the environment, as a file says it. It has been judged: it is right. */
export function fileForm(option: Option<unknown>, raw: Raw): FileValue {
  if (option.kind === "objects" || option.kind === "map") {
    const written = typeof raw.value === "string" && raw.value !== "" ? JSON.parse(raw.value) : raw.value;
    return written === "" || written === null ? fileDefault(option) : written;
  }
  const read = option.parse(raw.value, {});
  const value = read !== undefined && "value" in read ? read.value : option.default;
  return value === option.default ? fileDefault(option) : formOf(option, value);
}

function formOf(option: Option<unknown>, value: unknown): FileValue {
  if (value === undefined) return null;
  if (value instanceof Map) return Object.fromEntries(value);
  if (option.kind === "duration") return formatDuration(value as number);
  return value as FileValue;
}
