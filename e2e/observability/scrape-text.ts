/** What a scrape says of a name. */
export interface ScrapedFamily {
  readonly type: string;
  /** Sorted, without `le` and `quantile`. */
  readonly labels: readonly string[];
}

/** Families of a scrape in the text format, with the labels of their first sample. */
export function familiesOf(text: string): ReadonlyMap<string, ScrapedFamily> {
  const families = new Map<string, ScrapedFamily>();
  let current: { name: string; type: string } | undefined;
  for (const line of text.split("\n")) {
    const head = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (head !== null) {
      current = { name: head[1]!, type: head[2]! };
      continue;
    }
    if (line === "" || line.startsWith("#") || current === undefined || families.has(current.name)) continue;
    const labels = [...line.matchAll(/[{,]([a-z_]+)="/g)].map((match) => match[1]!).filter((name) => name !== "le" && name !== "quantile");
    families.set(current.name, { type: current.type, labels: labels.sort() });
  }
  return families;
}
