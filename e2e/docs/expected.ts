/**
 * Is this what a page says a command prints? `...` inside a line is any characters, a line of its own any lines, none
 * included. Spaces at the ends of lines do not count.
 */
export function matches(printed: string, expected: string): boolean {
  return pattern(expected).test(normal(printed));
}

/** The same, with anything before and after it. */
export function contains(printed: string, expected: string): boolean {
  return matches(printed, `...\n${expected}\n...`);
}

function pattern(expected: string): RegExp {
  const lines = normal(expected)
    .split("\n")
    .filter((line) => line !== "");
  const parts = lines.map((line) => (line.trim() === "..." ? "(?:.*\\n)*?" : `${line.split("...").map(escaped).join(".*?")}\\n`));
  return new RegExp(`^${parts.join("")}$`);
}

/** Colours, carriage returns and empty lines are no part of what a page shows. */
function normal(text: string): string {
  const lines = text
    .replaceAll("\r", "")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    .replace(/\u001b\[[0-9;]*m/g, "")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
  return lines.map((line) => `${line}\n`).join("");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
