/**
 * What a guide asks its reader to do, in order. The words behind the language of a fenced block say how the test treats it
 * (GitHub and the site show none of them):
 *
 * ```sh                          run in the page's terminal; must end with code 0
 * ```sh exit=2                   must end with that code
 * ```sh stays=server             goes on running in a terminal of its own, called "server"
 * ```sh after-ctrl-c=server      first ends that one as Ctrl-C does
 * ```sh not-run="why"            only parsed
 * ```text                        what the command before it prints; `...` stands for any characters, or any lines
 * ```text from=server            what that terminal prints, sooner or later
 * ```yaml [fleetcast.yaml]       a file of that name; ours are given to `checkconfig`
 */
export type Step =
  | { readonly kind: "run"; readonly line: number; readonly script: string; readonly exit: number; readonly ctrlC: string | undefined }
  | {
      readonly kind: "start";
      readonly line: number;
      readonly script: string;
      readonly terminal: string;
      readonly ctrlC: string | undefined;
    }
  | { readonly kind: "parse"; readonly line: number; readonly script: string; readonly why: string }
  | { readonly kind: "output"; readonly line: number; readonly text: string; readonly terminal: string | undefined }
  | { readonly kind: "file"; readonly line: number; readonly name: string; readonly text: string }
  | { readonly kind: "fragment"; readonly line: number; readonly language: string; readonly text: string };

interface Fence {
  readonly line: number;
  readonly info: string;
  readonly text: string;
}

export function stepsOf(markdown: string): Step[] {
  return fencesIn(markdown).map(stepOf);
}

/** The same without remarks: what must be equal in both languages. */
export function withoutRemarks(step: Step): unknown {
  const bare = (text: string): string =>
    text
      .split("\n")
      .map((line) => line.replace(/(^|\s+)(#|\/\/)\s.*$/, "").trimEnd())
      .filter((line) => line !== "")
      .join("\n");
  const { line: _, ...rest } = step;
  if ("script" in rest) return { ...rest, script: bare(rest.script), ...("why" in rest ? { why: "" } : {}) };
  return rest.kind === "output" ? rest : { ...rest, text: bare(rest.text) };
}

function fencesIn(markdown: string): Fence[] {
  const found: Fence[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const open = lines[at]!.match(/^( *)(`{3,})(\S.*)?$/);
    if (open === null) continue;
    const [, indent = "", ticks = "", info = ""] = open;
    const end = lines.findIndex((line, index) => index > at && line.trim() === ticks);
    if (end < 0) throw new Error(`line ${at + 1}: a block that does not end`);
    const text = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    found.push({ line: at + 1, info, text: text.join("\n") });
    at = end;
  }
  return found;
}

function stepOf({ line, info, text }: Fence): Step {
  const language = info.match(/^\S*/)![0];
  const option = (name: string): string | undefined => {
    const match = info.match(new RegExp(`\\s${name}=(?:"([^"]+)"|(\\S+))`));
    return match?.[1] ?? match?.[2];
  };
  const name = info.match(/\[([^\]]+)\]/)?.[1];
  if (name !== undefined) return { kind: "file", line, name, text: `${text}\n` };
  if (language === "text") return { kind: "output", line, text, terminal: option("from") };
  if (language !== "sh") return { kind: "fragment", line, language, text: `${text}\n` };
  const why = option("not-run");
  if (why !== undefined) return { kind: "parse", line, script: text, why };
  const terminal = option("stays");
  const ctrlC = option("after-ctrl-c");
  if (terminal !== undefined) return { kind: "start", line, script: text, terminal, ctrlC };
  return { kind: "run", line, script: text, exit: Number(option("exit") ?? 0), ctrlC };
}
