/**
 * Everything a rule saw of one server, in lanes: one for each connection, one for its HTTP calls, one for what its proxies
 * were asked. The lanes of two servers are compared line by line, so that what nobody thought of asserting is noticed, too.
 */
export class Transcript {
  readonly lanes = new Map<string, string[]>();
  readonly #tag: string;
  readonly #counts = new Map<string, number>();

  constructor(tag: string) {
    this.#tag = tag;
  }

  /** A lane of its own; a second one of the same name gets a number. */
  lane(name: string): Lane {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const lines: string[] = [];
    this.lanes.set(count === 1 ? name : `${name} ${count}`, lines);
    return { add: (line) => void lines.push(line) };
  }

  /** What came, with everything that is different by chance made equal. */
  normalised(): Map<string, string[]> {
    const heard = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith(saidMark));
    return new Map([...this.lanes].map(([name, lines]) => [name, normalise(heard(lines), this.#tag)]));
  }

  /** What the client said last before this line of what came. */
  saidBefore(name: string, heardIndex: number): string {
    let said = "nothing";
    let heard = 0;
    for (const line of this.lanes.get(name) ?? []) {
      if (line.startsWith(saidMark)) said = line.slice(saidMark.length);
      else if (heard++ === heardIndex) break;
    }
    return said;
  }

  /** For people: long lines and long lanes are cut. */
  toString(): string {
    const shown = (lines: readonly string[]): string => {
      const last = lines.slice(-linesShownMax).map((line) => `    ${clipped(line)}\n`);
      return `${lines.length > linesShownMax ? `    (${lines.length - linesShownMax} lines before)\n` : ""}${last.join("")}`;
    };
    const lanes = [...this.lanes];
    const rest = lanes.length > lanesShownMax ? `  (${lanes.length - lanesShownMax} lanes more)\n` : "";
    return `${lanes
      .slice(0, lanesShownMax)
      .map(([name, lines]) => `  ${name}\n${shown(lines)}`)
      .join("")}${rest}`;
  }
}

/** Begins a line that a client said. It is shown and not compared: tokens in it differ by their time. */
export const saidMark = "> ";
const differencesMax = 3;
const linesShownMax = 20;
const lanesShownMax = 20;

export interface Lane {
  add(line: string): void;
}

/** How the lanes of the two servers are compared; anything but "in order" says why. */
export type Comparison = "in order" | { readonly anyOrder: string } | { readonly off: string };

/** The differences in words; empty where there is none. */
export function differences(ours: Transcript, real: Transcript, comparison: Comparison): string[] {
  if (typeof comparison === "object" && "off" in comparison) return [];
  const [left, right] = [ours.normalised(), real.normalised()];
  const found: string[] = [];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const sorted = (lines: readonly string[]): readonly string[] => (comparison === "in order" ? lines : [...lines].sort());
    if (found.length === differencesMax) break;
    const [a, b] = [sorted(left.get(name) ?? []), sorted(right.get(name) ?? [])];
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      if (a[i] === b[i]) continue;
      const shown = (lines: readonly string[]): string => clipped(lines[i] ?? "(nothing)");
      const said = `      said ${clipped(ours.saidBefore(name, i))}\n        to ${clipped(real.saidBefore(name, i))}`;
      found.push(`${name}, line ${i + 1}\n${said}\n      ours ${shown(a)}\n      real ${shown(b)}`);
      break;
    }
  }
  return found;
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const namedEpoch = /"(?:epoch|since_epoch|revision_epoch)":"([^"]+)"/g;

function normalise(lines: readonly string[], tag: string): string[] {
  const names = new Map<string, string>();
  const numbered = (kind: string, text: string): string => {
    if (!names.has(text)) names.set(text, `<${kind} ${[...names.values()].filter((name) => name.startsWith(`<${kind} `)).length + 1}>`);
    return names.get(text)!;
  };
  return lines.map((line) =>
    sortedMaps(line)
      .replaceAll(tag, "<tag>")
      .replaceAll(uuid, (text) => numbered("id", text))
      .replaceAll(namedEpoch, (text, epoch: string) => text.replace(epoch, numbered("epoch", epoch)))
      .replaceAll(/"version":"\d+\.\d+\.\d+ \w+"/g, '"version":"<version>"')
      .replaceAll(/"time":1\d{12}/g, '"time":<time>')
      // A second may have passed on one side and not on the other.
      .replaceAll(/"ttl":(\d+)/g, (_text, ttl: string) => `"ttl":<about ${Math.round(Number(ttl) / 20) * 20} s>`),
  );
}

/** Maps leave the real server in no order at all; only where one has several entries the text is written anew. */
function sortedMaps(line: string): string {
  if (!/"(presence|subs|tags|channels)":\{/.test(line)) return line;
  try {
    return JSON.stringify(JSON.parse(line), (key, value: unknown) =>
      ["presence", "subs", "tags", "channels"].includes(key) && typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort((a, b) => (withoutIds(a) < withoutIds(b) ? -1 : 1)))
        : value,
    );
  } catch {
    return line;
  }
}

const withoutIds = (entry: unknown): string => JSON.stringify(entry).replaceAll(uuid, "");

function clipped(line: string): string {
  return line.length <= 300 ? line : `${line.slice(0, 300)}... (${line.length} characters)`;
}
