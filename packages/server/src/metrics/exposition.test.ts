import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, Timing } from "@fleetcast/engine";
import { Exposition } from "./exposition.ts";
import { counter, gauge, histogram, summary } from "./family.ts";

test("[MET2] a family is written with its help and type, values with their labels escaped", () => {
  const out = new Exposition(0);
  const family = counter("b_total", ["reason"], "Why.", "");
  out.put(family, 3, 'a "quote"\\ and\nmore');
  out.put(gauge("a", [], "First by name.", ""), Number.NaN);
  out.put(family, 1e21, "");
  assert.equal(
    out.text(),
    '# HELP a First by name.\n# TYPE a gauge\na NaN\n# HELP b_total Why.\n# TYPE b_total counter\nb_total{reason="a \\"quote\\"\\\\ and\\nmore"} 3\nb_total{reason=""} 1e+21\n',
  );
});

test("[MET3] a histogram counts up to each bound and beyond the last", () => {
  const seen = new Histogram([1, 2]);
  for (const value of [0.5, 1, 1.5, 9]) seen.observe(value);
  const out = new Exposition(0);
  out.histogram(histogram("h", ["m"], "H.", ""), seen, "x");
  assert.equal(
    out.text(),
    '# HELP h H.\n# TYPE h histogram\nh_bucket{m="x",le="1"} 2\nh_bucket{m="x",le="2"} 3\nh_bucket{m="x",le="+Inf"} 4\nh_sum{m="x"} 12\nh_count{m="x"} 4\n',
  );
});

test("[MET4] quantiles are of the last minutes and exact to 5 %; without observations they are not numbers", () => {
  const timing = new Timing();
  for (let n = 1; n <= 1_000; n++) timing.observe(n, 0);
  const at = (nowMs: number): number[] => {
    const out = new Exposition(nowMs);
    out.summary(summary("s", [], "S.", ""), timing);
    return [...out.text().matchAll(/quantile="[\d.]+"} (\S+)/g)].map((match) => Number(match[1]));
  };
  const [half = 0, most = 0] = at(1_000);
  assert.ok(Math.abs(half - 0.5) < 0.025, `${half}`);
  assert.ok(Math.abs(most - 0.99) < 0.05, `${most}`);
  assert.equal(at(400_000)[0], half);
  assert.deepEqual(at(1_200_000), [Number.NaN, Number.NaN, Number.NaN]);
});
