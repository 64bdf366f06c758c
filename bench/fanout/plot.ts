import { type Comparison, groupTitles } from "./aims.ts";
import { groups } from "./scenarios.ts";

const left = 250;
const width = 520;
const rowHeight = 18;
const barHeight = 12;
const headHeight = 26;
/** Ratios above this are drawn to the edge; their number says how much they are. */
const ratioMax = 1.4;

/** A bar for each comparison, a mark where its aim is, a line where both servers are equal. */
export function plot(all: readonly Comparison[]): string {
  const parts: string[] = [];
  const x = (ratio: number): number => left + (Math.min(ratio, ratioMax) / ratioMax) * width;
  let y = 34;
  for (const group of groups) {
    const here = all.filter(({ ours }) => ours.scenario.group === group);
    if (here.length === 0) continue;
    parts.push(text(left, y + 14, groupTitles[group], 'font-weight="bold"'));
    y += headHeight;
    for (const { ours, ratio, aim } of here) {
      const label = `${ours.scenario.label}, ${ours.scenario.format}`;
      parts.push(
        text(left - 8, y + barHeight - 2, label, 'text-anchor="end"'),
        `<rect x="${left}" y="${y}" width="${(x(ratio) - left).toFixed(1)}" height="${barHeight}" fill="${ratio <= aim ? "#2b8a3e" : "#c2570c"}"/>`,
        `<path d="M${x(aim).toFixed(1)} ${y - 2}v${barHeight + 4}" stroke="#111" stroke-width="2"/>`,
        text(Math.max(x(ratio), x(aim)) + 6, y + barHeight - 2, ratio.toFixed(2), ""),
      );
      y += rowHeight;
    }
    y += 8;
  }
  const bottom = y;
  const one = x(1).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 60} ${bottom + 24}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(left, 18, "Fleetcast to Centrifugo 6.9.6: a bar is the ratio, smaller is better; a black mark is the aim", ""),
    `<path d="M${left} 30V${bottom}M${one} 30V${bottom}" stroke="#999" stroke-dasharray="3 3"/>`,
    text(x(1), bottom + 14, "1: equal", 'text-anchor="middle" fill="#666"'),
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function text(x: number, y: number, words: string, attributes: string): string {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}
