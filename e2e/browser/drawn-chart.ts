import type { Page } from "@playwright/test";
import { expect } from "./fixtures.ts";

/**
 * Reads a chart out of what it draws: the points of the line that is stroked onto its canvas. Nothing in the dashboard
 * helps; `watchDrawing` has to run before the page loads.
 */
export async function watchDrawing(page: Page): Promise<void> {
  await page.addInitScript(`(() => {
    const points = Symbol("points");
    const lineTo = Path2D.prototype.lineTo;
    Path2D.prototype.lineTo = function (x, y) {
      (this[points] ??= []).push([x, y]);
      return lineTo.call(this, x, y);
    };
    const stroke = CanvasRenderingContext2D.prototype.stroke;
    CanvasRenderingContext2D.prototype.stroke = function (...path) {
      // The band's edges are stroked without colour, and lone samples are circles.
      const isLine = path.length === 1 && path[0][points] !== undefined && !/^rgba\\(.*, 0\\)$/.test(this.strokeStyle);
      if (isLine) this.canvas.drawnLine = path[0][points];
      return stroke.apply(this, path);
    };
  })();`);
}

/** The points of the line in one chart, as CSS pixels from its left and top. */
export async function drawnLine(page: Page, chart: string): Promise<[number, number][]> {
  const canvas = page.getByRole("figure").filter({ hasText: chart }).locator("canvas");
  return await canvas.evaluate((element) => {
    const { drawnLine = [] } = element as unknown as { drawnLine?: [number, number][] };
    return drawnLine.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  });
}

/**
 * The drawn line carries exactly these values, in this order: as many points, each at the height that its value has between
 * the lowest and the highest one.
 */
export async function expectDrawn(page: Page, chart: string, values: readonly number[]): Promise<void> {
  await expect(async () => {
    const line = await drawnLine(page, chart);
    expect(line, `points in ${chart}`).toHaveLength(values.length);
    const heights = line.map(([, y]) => y);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const [bottom, top] = [Math.max(...heights), Math.min(...heights)];
    const read = heights.map((y) => low + ((bottom - y) / (bottom - top)) * (high - low));
    // The canvas rounds to whole pixels.
    const tolerance = (1.01 * (high - low)) / (bottom - top);
    for (const [index, value] of values.entries()) expect(Math.abs(read[index]! - value), `value ${index}`).toBeLessThanOrEqual(tolerance);
    expect([...line].sort((a, b) => a[0] - b[0])).toEqual(line);
  }).toPass({ timeout: 10_000 });
}
