/** What is counted under one name: one row of the reference page, one `# HELP` and `# TYPE` of a scrape. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly labels: readonly string[];
  readonly help: string;
  /** For the page in 简体中文. */
  readonly zh: string;
  /** Where our number differs from the one that the real server has under this name. */
  readonly unlike?: string;
}

const family =
  (type: Family["type"]) =>
  (name: string, labels: readonly string[], help: string, zh: string, unlike?: string): Family =>
    unlike === undefined ? { name, type, labels, help, zh } : { name, type, labels, help, zh, unlike };

export const counter = family("counter");
export const gauge = family("gauge");
export const histogram = family("histogram");
export const summary = family("summary");
