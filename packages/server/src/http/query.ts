import { Problem } from "./problem.ts";

/** Reads query parameters within their limits. Absent ones are undefined; unknown ones are ignored. @throws Problem 400 */
export interface Query {
  integer(name: string, limits: { readonly min: number; readonly max: number }): number | undefined;
  text(name: string, pattern: RegExp): string | undefined;
  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined;
  listOf<Value extends string>(name: string, values: readonly Value[]): readonly Value[] | undefined;
}

export function queryOf(parameters: URLSearchParams): Query {
  const raw = (name: string) => {
    const value = parameters.get(name);
    return value === null || value === "" ? undefined : value;
  };
  const bad = (name: string, message: string) => new Problem(400, "bad_request", message, { field: name });

  return {
    integer(name, { min, max }) {
      const value = raw(name);
      if (value === undefined) return undefined;
      const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
      if (!(number >= min && number <= max)) throw bad(name, `an integer from ${min} to ${max}`);
      return number;
    },
    text(name, pattern) {
      const value = raw(name);
      if (value !== undefined && !pattern.test(value)) throw bad(name, "not a possible value");
      return value;
    },
    oneOf(name, values) {
      const value = raw(name);
      if (value === undefined) return undefined;
      const found = values.find((each) => each === value);
      if (found === undefined) throw bad(name, `one of ${values.join(", ")}`);
      return found;
    },
    listOf(name, values) {
      const value = raw(name);
      if (value === undefined) return undefined;
      const wanted = new Set(value.split(",", values.length + 1));
      const found = values.filter((each) => wanted.has(each));
      if (found.length !== wanted.size) throw bad(name, `some of ${values.join(", ")}, separated by commas`);
      return found;
    },
  };
}
