import type { Histogram, Timing } from "@fleetcast/engine";
import type { Family } from "./family.ts";

const quantiles = [0.5, 0.99, 0.999] as const;

/** Collects samples and writes them in Prometheus's text format, version 0.0.4: families by name, each with its help and type. */
export class Exposition {
  readonly #families = new Map<string, { readonly family: Family; readonly lines: string[] }>();
  readonly #nowMs: number;

  /** Monotonic time, for the quantiles of what is recent. */
  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  /** A counter or a gauge; `values` in the order of the family's labels. */
  put(family: Family, value: number, ...values: readonly string[]): void {
    this.#lines(family).push(`${family.name}${labels(family.labels, values)} ${text(value)}`);
  }

  histogram(family: Family, observed: Histogram, ...values: readonly string[]): void {
    const { name } = family;
    const lines = this.#lines(family);
    const names = [...family.labels, "le"];
    let below = 0;
    for (const [at, bound] of observed.bounds.entries()) {
      below += observed.counts[at] ?? 0;
      lines.push(`${name}_bucket${labels(names, [...values, text(bound)])} ${below}`);
    }
    lines.push(`${name}_bucket${labels(names, [...values, "+Inf"])} ${observed.count}`);
    this.#sumAndCount(family, lines, observed, values);
  }

  summary(family: Family, { histogram, recent }: Timing, ...values: readonly string[]): void {
    const lines = this.#lines(family);
    for (const share of quantiles) {
      const all = labels([...family.labels, "quantile"], [...values, String(share)]);
      lines.push(`${family.name}${all} ${text(recent.quantile(share, this.#nowMs))}`);
    }
    this.#sumAndCount(family, lines, histogram, values);
  }

  text(): string {
    const sorted = [...this.#families.values()].sort((a, b) => (a.family.name < b.family.name ? -1 : 1));
    let all = "";
    for (const { family, lines } of sorted) {
      all += `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n${lines.join("\n")}\n`;
    }
    return all;
  }

  #sumAndCount({ name, labels: names }: Family, lines: string[], { sum, count }: Histogram, values: readonly string[]): void {
    lines.push(`${name}_sum${labels(names, values)} ${text(sum)}`, `${name}_count${labels(names, values)} ${count}`);
  }

  #lines(family: Family): string[] {
    let found = this.#families.get(family.name);
    if (found === undefined) {
      found = { family, lines: [] };
      this.#families.set(family.name, found);
    }
    return found.lines;
  }
}

function labels(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return "";
  return `{${names.map((name, at) => `${name}="${escaped(values[at] ?? "")}"`).join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function text(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
