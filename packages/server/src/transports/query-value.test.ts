import assert from "node:assert/strict";
import { test } from "node:test";
import { queryValue } from "./query-value.ts";

test("[TR7] a parameter is read as Centrifugo reads it: the first one that can be read, `+` a space, bytes as UTF-8", () => {
  for (const [query, value] of [
    ["?a=1&cf_connect=%7B%7D&cf_connect=2", "{}"],
    ["?cf_connect=a+b%2Bc", "a b+c"],
    ["?cf_connect=%zz&cf_connect=2", "2"],
    ["?cf_connect=%zz", undefined],
    ["?cf_connect=1;a=2", undefined],
    ["?cf%5Fconnect=1", "1"],
    ["?cf_connect", ""],
    ["?cf_connect=", ""],
    ["?CF_CONNECT=1", undefined],
    ["?cf_connect=%e2%82%ac", "€"],
    ["?cf_connect=a%ffb", "a\ufffdb"],
    ["?x=1#cf_connect=1", undefined],
    ["", undefined],
  ] as const) {
    assert.equal(queryValue(`http://a/b${query}`, "cf_connect"), value, query);
  }
});
