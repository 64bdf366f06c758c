import { join } from "node:path";
import type { Page } from "@playwright/test";
import { root } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { Screen } from "../harness/screen.ts";
import { violations } from "./axe.ts";
import { expect, pill, test, type World } from "./fixtures.ts";
import { publishMany } from "./publish-many.ts";

/**
 * Every screen in both languages, both themes, wide and on a phone: nothing scrolls sideways (also not at 360 px), axe finds
 * nothing, and a picture of each lies in `test-results/screens` to be looked at.
 */
const steps = /指令进度|Progress of the command/;
const screens = [
  { name: "login", path: "/", ready: (page: Page) => page.getByRole("button", { name: /登录|Log in/ }) },
  { name: "fleet", path: "/", ready: (page: Page) => page.getByRole("table").getByRole("link").first() },
  { name: "machine", path: "/machines/VM-LOOK-1", ready: (page: Page) => page.getByRole("log") },
  { name: "machine-raw", path: "/machines/VM-LOOK-1?tab=raw", ready: (page: Page) => page.locator("pre").first() },
  {
    name: "machine-commands",
    path: "/machines/VM-SH-001?tab=commands",
    ready: (page: Page) => page.getByRole("list", { name: steps }).first(),
  },
  { name: "events", path: "/events", ready: (page: Page) => page.getByRole("log") },
] as const;
const sizes = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
const narrow = { width: 360, height: 740 };
const live = { "zh-CN": "实时", en: "Live" } as const;

/** Something to see: an hour of readings of one machine, sales, a shake, an alarm, a notice. */
test.beforeAll(async ({ world }) => {
  const { mqttPort } = world.fleetcast;
  const vm = "VM-LOOK-1";
  const now = Date.now();
  const at = (agoS: number): string => new Date(now - agoS * 1_000).toISOString();
  const readings = Array.from({ length: 110 }, (_, index) => {
    const agoS = 110 - index;
    const temps = [-18.5 + 1.2 * Math.sin(index / 9), -18.2 + 1.1 * Math.sin(index / 9)];
    const system = { voltage: 221 + 3 * Math.cos(index / 5), door_closed: index < 40 || index > 55 };
    return { topic: `vm/${vm}/telemetry`, message: JSON.stringify({ id: vm, system, environment: { temps }, ts: at(agoS) }) };
  });
  await publishMany(mqttPort, vm, readings);
  const events = [
    { type: "online", severity: "info", data: {} },
    { type: "door", severity: "info", data: { open: true } },
    { type: "vend_success", severity: "info", data: { product: "宫保鸡丁饭", slot: "A3", price: 28, currency: "CNY" } },
    { type: "vend_success", severity: "info", data: { product: "酸辣粉", slot: "B1", price: 18, currency: "CNY" } },
    { type: "shake", severity: "warning", data: { strength_g: 2.4 } },
    { type: "alarm", severity: "critical", data: { rule: "temperature_high", state: "raised", temp_c: -9.4 } },
  ];
  const eventLines = events.map((event, index) => ({
    topic: `vm/${vm}/events`,
    message: JSON.stringify({ id: vm, event_id: `look-${index}`, ts: at(60 - index * 9), ...event }),
  }));
  await publishMany(mqttPort, vm, eventLines);
  const operator = await Screen.login(world.fleetcast.base, "张伟", world.people.张伟.password);
  const command = { idempotency_key: "look", targets: ["VM-SH-001"], name: "lock_sales", params: { locked: false }, ttl_s: 30 };
  expect((await operator.post("/v1/commands", command)).status).toBe(200);
  mosquittoPublish(mqttPort, "VM-LOOK-OFF", "vm/VM-LOOK-OFF/status", JSON.stringify({ id: "VM-LOOK-OFF", state: "offline" }));
  await world.fleetcast.api("broadcast", {
    channels: ["p_alert:global"],
    data: { level: "P0", content: "服务器集群将于凌晨 2 点进行系统升级" },
  });
});

for (const language of ["zh-CN", "en"] as const) {
  for (const theme of ["light", "dark"] as const) {
    for (const size of ["wide", "phone"] as const) {
      // Every language and theme once, and both sizes: axe is what takes the time.
      const withAxe = (language === "en") === (size === "phone");
      test(`[9] ${language}, ${theme}, ${size}: fits${withAxe ? ", is accessible" : ""}, and is pictured`, async ({ browse, world }) => {
        const found: string[] = [];
        const options = {
          locale: language,
          colorScheme: theme,
          viewport: sizes[size],
          hasTouch: size === "phone",
          reducedMotion: "reduce",
        } as const;
        const stranger = await browse(null, options);
        const person = await browse(world.people.张伟, options);
        for (const { name, path, ready } of screens) {
          const { page } = name === "login" ? stranger : person;
          await page.setViewportSize(sizes[size]);
          await page.goto(path);
          await ready(page).waitFor();
          if (name !== "login") await expect(pill(page)).toHaveText(live[language]);
          await settled(page, name, world);
          await page.screenshot({ path: join(root, "test-results", "screens", `${name}-${language}-${theme}-${size}.png`) });
          if (withAxe) found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
          for (const viewport of size === "phone" ? [sizes.phone, narrow] : [sizes.wide]) {
            await page.setViewportSize(viewport);
            const wider = await page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);
            if (wider > 0) found.push(`${name}: ${wider} px wider than ${viewport.width} px`);
          }
        }
        expect(found).toEqual([]);
      });
    }
  }
}

test("[9] what opens over a page is accessible, on a phone in the dark", async ({ browse, world }) => {
  const { page } = await browse(world.people.张伟, { locale: "en", colorScheme: "dark", viewport: sizes.phone, reducedMotion: "reduce" });
  await page.goto("/machines/VM-SH-001");
  await expect(pill(page)).toHaveText("Live");
  const dialog = page.getByRole("dialog");
  const found: string[] = [];
  for (const name of ["Restart", "Set temperature", /Live/, "张伟: language, theme, log out"]) {
    const button = page.getByRole("button", { name, exact: true });
    await button.click();
    await dialog.waitFor();
    found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await expect(button, "the focus is back where it was").toBeFocused();
  }
  expect(found).toEqual([]);
});

/** The picture is taken of a page that shows its data, not of one that loads. */
async function settled(page: Page, name: string, world: World): Promise<void> {
  if (name.startsWith("machine")) {
    await expect(page.getByRole("figure").locator("canvas")).toHaveCount(2);
    await expect(page.getByRole("figure").first()).toContainText("°C");
  }
  if (name === "fleet") {
    const { totals } = await world.screen.get<{ totals: { machines: number } }>("/v1/fleet?scope=all");
    await expect(page.getByText(new RegExp(`/ ${totals.machines}`)).first()).toBeVisible();
  }
}
