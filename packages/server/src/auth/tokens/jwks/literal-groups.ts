/**
 * Reads a regular expression (RE2 syntax, known to compile) only as far as one question goes: which named groups can take nothing
 * but texts that are written out in them?
 */

/** Named groups in their order, each with whether it is a list of literals. */
export function namedGroups(source: string): ReadonlyMap<string, boolean> {
  const groups = new Map<string, boolean>();
  const open: { readonly name: string | undefined; isLiteral: boolean }[] = [];
  const spoil = (): void => {
    for (const group of open) group.isLiteral = false;
  };
  let at = 0;
  while (at < source.length) {
    const character = source[at]!;
    if (character === "\\") {
      // An escaped letter or digit is a class, an assertion or a code; an escaped sign is itself.
      if (/[a-zA-Z0-9]/.test(source[at + 1] ?? "a")) spoil();
      at += 2;
      continue;
    }
    if (character === "(") {
      const start = openingOf(source, at);
      // Flags may give letters another meaning.
      if (start.hasFlags) spoil();
      open.push({ name: start.name, isLiteral: !start.hasFlags });
      at = start.end;
      continue;
    }
    if (character === ")") {
      const closed = open.pop();
      if (closed?.name !== undefined) groups.set(closed.name, closed.isLiteral);
    } else if (".*+?{[^$".includes(character)) spoil();
    at++;
  }
  return groups;
}

/** `[...]`, `\d`, `\w`, `\s`, `\p` and their opposites, anywhere. */
export function usesCharacterClasses(source: string): boolean {
  return /\[|\\[dDwWsSpP]/.test(source.replaceAll(/\\[^dDwWsSpP]/g, ""));
}

function openingOf(source: string, at: number): { readonly name: string | undefined; readonly hasFlags: boolean; readonly end: number } {
  const rest = source.slice(at);
  const named = /^\(\?P?<([^>]*)>/.exec(rest);
  if (named !== null) return { name: named[1], hasFlags: false, end: at + named[0].length };
  if (rest.startsWith("(?:")) return { name: undefined, hasFlags: false, end: at + 3 };
  return { name: undefined, hasFlags: rest.startsWith("(?"), end: at + (rest.startsWith("(?") ? 2 : 1) };
}
