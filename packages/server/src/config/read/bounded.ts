/** Deeper than any key; a YAML alias to what holds it has no depth at all. */
export const depthMax = 32;

/** Values behind all aliases: a small file can spell many. */
const valuesMax = 200_000;

/** Whether a parsed tree can be walked: not nested without an end, not larger than a configuration is. */
export function isBounded(tree: unknown): boolean {
  let values = 0;
  const fits = (value: unknown, depth: number): boolean => {
    values += 1;
    if (values > valuesMax || depth > depthMax) return false;
    if (typeof value !== "object" || value === null) return true;
    return Object.values(value).every((inner) => fits(inner, depth + 1));
  };
  return fits(tree, 0);
}

/** JSON text of an environment variable; undefined for what is none. */
export function parsedJson(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return isBounded(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
