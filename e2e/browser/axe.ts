import type { Page } from "@playwright/test";
import axe from "axe-core";

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly target: unknown; readonly html: string }[] }[];
}

/** What axe finds on the page by WCAG 2.1 A and AA: the rule and the place, one line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const result = await page.evaluate<AxeResult>(
    'axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] })',
  );
  return result.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} at ${String(node.target)} ${node.html.slice(0, 160)}`));
}
