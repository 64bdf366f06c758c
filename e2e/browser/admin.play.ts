import { join } from "node:path";
import { root } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { addUser } from "../harness/screen.ts";
import { violations } from "./axe.ts";
import { expect, pill, signIn, test } from "./fixtures.ts";

const picture = (name: string): string => join(root, "test-results", "screens", `${name}.png`);

test("[7] an administrator sees who is connected, filters, and ends one of them; it is in the audit", async ({ browse, world }) => {
  const watcher = await browse(world.people.王芳);
  await watcher.page.goto("/");
  await expect(pill(watcher.page)).toHaveText("实时");
  const { page } = await browse(world.people.陈静);
  await page.goto("/");
  await page.getByRole("link", { name: "管理" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("在线连接");
  const row = page.getByRole("row", { name: /王芳/ });
  await expect(row.first()).toContainText("websocket");
  await expect(row.first()).toContainText("fleetcast-dashboard");
  await page.getByRole("searchbox", { name: "频道" }).fill("nobody:there");
  await expect(page.getByText("没有符合条件的连接。")).toBeVisible();
  await page.getByRole("searchbox", { name: "频道" }).fill("fleet:all");
  await page.screenshot({ path: picture("connections-zh-CN") });
  await row
    .first()
    .getByRole("button", { name: /断开连接/ })
    .click();
  await page.getByRole("dialog").getByRole("button", { name: "断开", exact: true }).click();
  await expect(watcher.page.getByRole("dialog")).toContainText("管理员结束了此连接");
  await page.goto("/system/audit");
  const entry = page.getByRole("row", { name: /断开连接/ }).first();
  await expect(entry).toContainText("陈静");
  await expect(entry).toContainText("王芳");
});

test("[7] blocking somebody ends their page at once and keeps them out; letting them in undoes it", async ({ browse, world }) => {
  const password = await addUser(world.fleetcast, "赵磊", "operator");
  const victim = await browse(null, { storageState: await signIn(world.fleetcast.base, "赵磊", password) });
  await victim.page.goto("/");
  await expect(pill(victim.page)).toHaveText("实时");
  const { page } = await browse(world.people.陈静);
  await page.goto("/system/people");
  await page.getByRole("button", { name: "封禁 赵磊" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("原因").fill("离职");
  await page.screenshot({ path: picture("people-dialog-zh-CN") });
  // The whole form by keyboard.
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("row", { name: /赵磊/ }).first()).toContainText("已封禁");
  await page.screenshot({ path: picture("people-zh-CN") });
  await expect(victim.page.getByRole("dialog")).toBeVisible();
  const answer = await fetch(`${world.fleetcast.base}/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "赵磊", password }),
  });
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, "blocked"]);
  await page.getByRole("row", { name: /赵磊/ }).first().getByRole("button", { name: "解除对 赵磊 的封禁" }).click();
  await expect(page.getByRole("button", { name: "封禁 赵磊" })).toBeVisible();
  await signIn(world.fleetcast.base, "赵磊", password);
});

test("[8] a live trace of a machine shows each step of what it says, and nothing more once it is stopped", async ({ browse, world }) => {
  const { page } = await browse(world.people.陈静);
  await page.goto("/system/trace?kind=machine&subject=VM-TRACE-1");
  await expect(pill(page)).toHaveText("实时");
  await page.getByRole("checkbox", { name: "显示消息内容" }).check();
  await page.getByRole("button", { name: "开始" }).click();
  await expect(page.getByText("正在追踪 VM-TRACE-1")).toBeVisible();
  await expect(page.getByText("等待第一步…")).toBeVisible();
  const say = () =>
    mosquittoPublish(
      world.fleetcast.mqttPort,
      "VM-TRACE-1",
      "vm/VM-TRACE-1/telemetry",
      JSON.stringify({
        id: "VM-TRACE-1",
        system: { voltage: 219.5, door_closed: true },
        environment: { temps: [-18.1] },
        ts: new Date().toISOString(),
      }),
    );
  const log = page.getByRole("log");
  await expect(async () => {
    say();
    await expect(log).toContainText("设备上报", { timeout: 1_500 });
  }).toPass();
  for (const step of ["写入日志", "推送", "已入库并确认"]) await expect(log).toContainText(step);
  await expect(log).toContainText("telemetry:VM-TRACE-1");
  await expect(log).toContainText('"voltage":219.5');
  await page.screenshot({ path: picture("trace-zh-CN") });
  await page.getByRole("button", { name: "停止" }).click();
  await expect(page.getByText("追踪已结束")).toBeVisible();
});

test("[10] nobody but an administrator finds these screens", async ({ browse, world }) => {
  const { page } = await browse(world.people.张伟);
  await page.goto("/system/people");
  await expect(pill(page)).toHaveText("实时");
  await expect(page.getByRole("link", { name: "管理" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "封禁" })).toHaveCount(0);
});

for (const [language, theme, size] of [
  ["zh-CN", "light", { width: 1440, height: 900 }],
  ["en", "dark", { width: 390, height: 844 }],
] as const) {
  test(`[9] the administrator's screens, ${language}, ${theme}: accessible, and nothing scrolls sideways`, async ({ browse, world }) => {
    const { page } = await browse(world.people.陈静, { locale: language, colorScheme: theme, viewport: size, reducedMotion: "reduce" });
    const found: string[] = [];
    for (const name of ["connections", "trace", "people", "audit"]) {
      await page.goto(`/system/${name}`);
      await expect(pill(page)).toHaveText(language === "en" ? "Live" : "实时");
      if (name !== "trace") await page.getByRole("table").first().waitFor();
      await page.screenshot({ path: picture(`${name}-${language}-${theme}`) });
      found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
      const wider = await page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);
      if (wider > 0) found.push(`${name}: ${wider} px wider`);
    }
    expect(found).toEqual([]);
  });
}
