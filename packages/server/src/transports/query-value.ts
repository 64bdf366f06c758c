/**
 * One parameter of a query as Go's `net/url` reads it, and with it Centrifugo: the first of its name; a pair with a
 * semicolon or a broken escape in it is not there. undefined: none such.
 */
export function queryValue(url: string, name: string): string | undefined {
  const start = url.indexOf("?");
  if (start === -1) return undefined;
  const hash = url.indexOf("#", start);
  for (const pair of url.slice(start + 1, hash === -1 ? undefined : hash).split("&")) {
    if (pair.includes(";")) continue;
    const equals = pair.indexOf("=");
    const key = unescaped(equals === -1 ? pair : pair.slice(0, equals));
    if (key !== name) continue;
    const value = unescaped(equals === -1 ? "" : pair.slice(equals + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}

const escapes = /%(?![0-9A-Fa-f]{2})/;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function unescaped(text: string): string | undefined {
  if (escapes.test(text)) return undefined;
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Escaped bytes that are not UTF-8: read like any other text on the wire, with U+FFFD.
    const bytes = Buffer.from(
      spaced.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    );
    return decoder.decode(bytes);
  }
}
