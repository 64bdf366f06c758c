import { expect, test } from "vitest";
import { eventWords } from "./event-words.ts";
import { formatFor } from "./format.ts";

const words = (type: string, data: unknown) => eventWords({ type, data }, (prefix, code) => `${prefix}.${code}`, formatFor("zh-CN"));

test("a sale says what was sold and for how much", () => {
  expect(words("vend_success", { product: "可爱多 香草", slot: "A1", price: 5, currency: "CNY" })).toEqual({
    title: "event.vend_success",
    detail: "可爱多 香草 · ¥5.00",
  });
});

test("one type may be two things", () => {
  expect(words("door", { open: true }).title).toBe("event.door_open");
  expect(words("door", { open: false }).title).toBe("event.door_closed");
  expect(words("alarm", { rule: "temperature_high", state: "raised", temperature_c: -11.4 })).toEqual({
    title: "event.temperature_high",
    detail: "-11.4 °C",
  });
  expect(words("alarm", { rule: "temperature_high", state: "cleared" }).title).toBe("event.temperature_high_cleared");
});

test("data that is not understood is left out", () => {
  for (const data of [null, 5, "x", [], { product: 7, price: "5", strength_g: "hard" }, { deep: { product: "x" } }]) {
    expect(words("shake", data)).toEqual({ title: "event.shake", detail: "" });
  }
  expect(words("vend_success", { price: 5, currency: "points" }).detail).toBe("5.0 points");
});
