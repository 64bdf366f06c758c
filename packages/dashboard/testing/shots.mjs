// Screenshots of the pages: node testing/shots.mjs <address> <folder> <name> <password> [filter]. See README.md beside this file.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "@playwright/test";

const [address, folder, name, password, filter = ""] = process.argv.slice(2);
if (password === undefined) {
  process.stderr.write("usage: node testing/shots.mjs <address> <folder> <name> <password> [filter]\n");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const sizes = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 }, narrow: { width: 360, height: 740 } };
const wanted = [
  ["zh-CN", "light", "wide"],
  ["zh-CN", "dark", "phone"],
  ["zh-CN", "dark", "wide"],
  ["en", "dark", "wide"],
  ["en", "light", "phone"],
  ["en", "light", "narrow"],
];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
  ],
});
const complaints = [];
for (const [language, theme, size] of wanted) {
  const label = `${language}-${theme}-${size}`;
  if (!label.includes(filter)) continue;
  const context = await browser.newContext({
    viewport: sizes[size],
    locale: language,
    timezoneId: "Asia/Shanghai",
    colorScheme: theme,
    hasTouch: size !== "wide",
  });
  const page = await context.newPage();
  page.on(
    "console",
    (message) => (message.type() === "error" || message.type() === "warning") && complaints.push(`${label} ${message.text()}`),
  );
  page.on("pageerror", (error) => complaints.push(`${label} ${error.message}`));
  const shot = async (what) => {
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) complaints.push(`${label} ${what}: ${overflow} px wider than the screen`);
    await page.screenshot({ path: join(folder, `${what}-${label}.png`) });
  };
  await page.goto(address);
  await page.locator("input[name=username]").waitFor();
  await shot("login");
  await page.locator("input[name=username]").fill(name);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  await page.locator("[role=table] a").first().waitFor({ timeout: 20_000 });
  await page.waitForTimeout(2_500);
  await shot("fleet");
  await page.locator("[role=table] a").first().click();
  await page.locator("canvas").first().waitFor({ timeout: 20_000 });
  await page.waitForTimeout(2_500);
  await shot("machine");
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await page.waitForTimeout(300);
  await shot("machine-end");
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.goto(`${address}/events`.replace(/([^:])\/\//, "$1/"));
  await page.locator("[role=log]").waitFor({ timeout: 20_000 });
  await page.waitForTimeout(700);
  await shot("events");
  await context.close();
}
await browser.close();
for (const complaint of complaints) process.stdout.write(`${complaint}\n`);
