import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `node scripts/docs-screenshots.mjs`: takes the pictures of the dashboard in `docs/images/` anew, from the real program with its
 * demo fleet in a real Chromium. By hand, after the dashboard changed; nothing but Node is needed beside what `npm ci` installed.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { chromium } = createRequire(join(root, "e2e", "package.json"))("@playwright/test");
const [http, mqtt] = [18_000 + (process.pid % 1_000), 19_000 + (process.pid % 1_000)];
const folder = mkdtempSync(join(tmpdir(), "fleetcast-pictures-"));
const collectedMs = 90_000;

const server = spawn("node", [join(root, "scripts", "launch.mjs"), "start", "--data-dir", folder], {
  cwd: folder,
  env: { ...process.env, LANG: "C.UTF-8", FLEETCAST_HTTP_SERVER_PORT: String(http), FLEETCAST_MQTT_PORT: String(mqtt) },
  stdio: ["ignore", "pipe", "inherit"],
});
let printed = "";
server.stdout.on("data", (chunk) => {
  printed += chunk.toString("utf8");
});

const words = {
  en: { name: "Name", password: "Password", submit: "Log in" },
  "zh-CN": { name: "用户名", password: "密码", submit: "登录" },
};

try {
  while (!/ready in \d+ ms/.test(printed)) {
    if (server.exitCode !== null) throw new Error(printed);
    await wait(200);
  }
  const password = printed.match(/one-time password [^:]*: (\S+)/)[1];
  await wait(collectedMs);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  for (const [language, text] of Object.entries(words)) {
    const context = await browser.newContext({ locale: language, timezoneId: "Asia/Shanghai", viewport: { width: 1180, height: 720 } });
    const page = await context.newPage();
    await page.goto(`http://localhost:${http}/`);
    await page.getByLabel(text.name, { exact: true }).fill("admin");
    await page.getByLabel(text.password, { exact: true }).fill(password);
    await page.getByRole("button", { name: text.submit }).click();
    await page.getByRole("table").getByRole("link").first().waitFor();
    await wait(3_000);
    await page.screenshot({ path: join(root, "docs", "images", `fleet-${language}.png`) });
    await page.goto(`http://localhost:${http}/machines/VM-SH-003`);
    await wait(4_000);
    await page.screenshot({ path: join(root, "docs", "images", `machine-${language}.png`) });
    await context.close();
  }
  await browser.close();
} finally {
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  rmSync(folder, { recursive: true, force: true });
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
