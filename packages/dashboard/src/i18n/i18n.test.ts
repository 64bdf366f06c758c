import { expect, test } from "vitest";
import en from "./en.json" with { type: "json" };
import { formatFor } from "./format.ts";
import { startLanguage } from "./i18n.ts";
import zh from "./zh-CN.json" with { type: "json" };

const sources = import.meta.glob<string>(["../**/*.ts", "../**/*.tsx", "!../**/*.test.*"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const source = Object.values(sources).join("\n");

/** Keys that are put together from a code: everything below such a prefix counts as used. */
const prefixes = [
  ...new Set([...source.matchAll(/`([a-z.-]+\.)\$\{/g)].map((match) => match[1]!)),
  ...new Set([...source.matchAll(/codeText\(\s*"([a-z]+)"/g)].map((match) => `${match[1]}.`)),
];

test("both languages have the same keys", () => {
  expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
});

test("the same placeholders stand in both", () => {
  const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();
  for (const [key, text] of Object.entries(en)) expect(placeholders(zh[key as keyof typeof zh]), key).toEqual(placeholders(text));
});

test("no text is empty, and Chinese is Chinese", () => {
  const latinNames = new Set(["login.title"]);
  for (const [key, text] of Object.entries(zh)) {
    expect(text.trim(), key).not.toBe("");
    if (!latinNames.has(key) && key !== "raw.lag" && key !== "watch.separator" && key !== "fleet.shown" && !key.startsWith("watch.you")) {
      expect(text, key).toMatch(/\p{Script=Han}/u);
    }
  }
  for (const [key, text] of Object.entries(en)) expect(text, key).not.toMatch(/\p{Script=Han}/u);
});

test("every key is used somewhere", () => {
  const unused = Object.keys(en).filter((key) => !source.includes(`"${key}"`) && !prefixes.some((prefix) => key.startsWith(prefix)));
  expect(unused).toEqual([]);
});

test("every key that is asked for exists", () => {
  const asked = [...source.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1]!);
  expect(asked.length).toBeGreaterThan(80);
  expect(asked.filter((key) => !(key in en))).toEqual([]);
});

test("no Chinese text stands in the code itself, except names of events as machines send them", () => {
  for (const [file, text] of Object.entries(sources)) {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const found = [...code.matchAll(/"[^"\n]*\p{Script=Han}[^"\n]*"/gu)].map((match) => match[0]);
    expect(
      found.filter((literal) => !['"暴力震动"', '"出餐成功"', '"中文"'].includes(literal)),
      file,
    ).toEqual([]);
  }
});

test("the language chosen before wins, then the browser's, then English", () => {
  expect(startLanguage("en", ["zh-CN"])).toBe("en");
  expect(startLanguage(null, ["fr", "zh-TW", "en"])).toBe("zh-CN");
  expect(startLanguage("xx", ["de"])).toBe("en");
});

test("numbers, times and ages follow the language", () => {
  expect(formatFor("en").integer(12_408)).toBe("12,408");
  expect(formatFor("en").decimal(-18)).toBe("-18.0");
  expect(formatFor("en").age(65_000)).toBe("1m ago");
  expect(formatFor("zh-CN").age(65_000)).toBe("1分钟前");
  expect(formatFor("zh-CN").age(0)).toBe("现在");
  expect(formatFor("en").duration(18_000)).toBe("18 sec");
});
