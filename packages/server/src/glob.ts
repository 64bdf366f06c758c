import { RE2JS } from "re2js";

/**
 * Channel patterns of the server API's `channels`, in the grammar of the real server: `*` and `**` any characters (no
 * separator exists, `:` is a character like any other), `?` one, `[abc]`, `[!abc]`, `[a-z]`, `{one,two}` nested at will,
 * `\` takes the next character as itself. A pattern becomes an RE2 expression, so that no pattern takes more than linear
 * time (S10).
 *
 * Answers undefined for a malformed pattern: an unclosed `[` or `{`, an empty or inverted class, a `\` at the end.
 */
export function compileGlob(pattern: string): ((text: string) => boolean) | undefined {
  const source = expressionOf(Array.from(pattern));
  if (source === undefined) return undefined;
  const expression = RE2JS.compile(source, RE2JS.DOTALL);
  return (text) => expression.matches(text);
}

function expressionOf(characters: readonly string[]): string | undefined {
  let source = "";
  let groups = 0;
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at]!;
    if (character === "\\") {
      at += 1;
      if (at === characters.length) return undefined;
      source += RE2JS.quote(characters[at]!);
    } else if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else if (character === "[") {
      const found = classAt(characters, at + 1);
      if (found === undefined) return undefined;
      source += found.source;
      at = found.last;
    } else if (character === "{") {
      groups += 1;
      source += "(?:";
    } else if (character === "}" && groups > 0) {
      groups -= 1;
      source += ")";
    } else if (character === "," && groups > 0) source += "|";
    else source += RE2JS.quote(character);
  }
  return groups === 0 ? source : undefined;
}

/** The class whose first character stands at `at`; `last` is the index of its `]`. */
function classAt(characters: readonly string[], at: number): { readonly source: string; readonly last: number } | undefined {
  const negated = characters[at] === "!";
  if (negated) at += 1;
  const open = negated ? "[^" : "[";
  if (characters[at + 1] === "-") return rangeAt(characters, at, open);
  let members = "";
  for (; at < characters.length && characters[at] !== "]"; at += 1) {
    if (characters[at] === "\\") at += 1;
    if (at >= characters.length) return undefined;
    members += escapedInClass(characters[at]!);
  }
  if (characters[at] !== "]" || members === "") return undefined;
  return { source: `${open}${members}]`, last: at };
}

function rangeAt(characters: readonly string[], at: number, open: string) {
  const low = characters[at];
  const high = characters[at + 2];
  if (low === undefined || high === undefined || characters[at + 3] !== "]") return undefined;
  if (high.codePointAt(0)! < low.codePointAt(0)!) return undefined;
  return { source: `${open}${escapedInClass(low)}-${escapedInClass(high)}]`, last: at + 3 };
}

function escapedInClass(character: string): string {
  return `\\x{${character.codePointAt(0)!.toString(16)}}`;
}
