import { allRows, type Row } from "./rows.ts";

/** `fleetcast configdoc`: every key on one page that can be searched. It loads nothing from elsewhere. */
export function configPage(section: string): string {
  const rows = allRows().filter(
    ({ path }) => section === "" || path === section || path.startsWith(`${section}.`) || path.startsWith(`${section}[`),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Fleetcast configuration</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1d2530; background: #fff; }
input { font: inherit; width: 100%; padding: .5rem .75rem; border: 1px solid #8a96a5; border-radius: .4rem; box-sizing: border-box; }
article { border-bottom: 1px solid #dde3ea; padding: .75rem 0; }
code { font: 14px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.key { font-weight: 600; }
.facts, .here { color: #51606f; margin: .15rem 0 0; }
.refused { color: #a11d1d; }
@media (prefers-color-scheme: dark) {
  body { color: #e3e8ee; background: #14181d; }
  input { color: inherit; background: #1d232a; }
  article { border-color: #2d353e; }
  .facts, .here { color: #9aa7b4; }
  .refused { color: #ff9d9d; }
}
</style>
<script src="/filter.js" defer></script>
</head>
<body>
<h1>Configuration</h1>
<p><label for="words">Find a key, a variable or a word</label><input id="words" type="search" autocomplete="off"></p>
<p id="count">${rows.length} keys</p>
<main>
${rows.map(article).join("\n")}
</main>
</body>
</html>
`;
}

/** Its own file, because pages of ours run no inline code. */
export const filterScript = `"use strict";
const articles = [...document.querySelectorAll("article")].map((element) => ({ element, text: element.textContent.toLowerCase() }));
const words = document.getElementById("words");
words.addEventListener("input", () => {
  const wanted = words.value.toLowerCase().split(" ");
  let shown = 0;
  for (const { element, text } of articles) {
    element.hidden = !wanted.every((word) => text.includes(word));
    if (!element.hidden) shown += 1;
  }
  document.getElementById("count").textContent = shown + " keys";
});
`;

function article({ path, type, initial, variable, sentence, standing, remark }: Row): string {
  const facts = [
    escaped(type),
    ...(initial === "" ? [] : [`default <code>${escaped(initial)}</code>`]),
    `<code>${escaped(variable)}</code>`,
  ];
  const here = standing === "part" ? `only with ${remark}, which is refused` : `${standing}: ${remark}`;
  return `<article><code class="key">${escaped(path)}</code><br>${escaped(sentence)}<p class="facts">${facts.join(" · ")}</p>${
    standing === "honoured" ? "" : `<p class="here ${standing}">${escaped(here)}</p>`
  }</article>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
