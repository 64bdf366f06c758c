import type { Page } from "@playwright/test";
import { curlPublish } from "./curl-publish.ts";
import { expectDrawn, watchDrawing } from "./drawn-chart.ts";
import { type Browse, expect, pill, test, type World } from "./fixtures.ts";
import { publishMany } from "./publish-many.ts";

/** A reading of the document's form, placed on the chart `agoS` seconds before now. */
function reading(vm: string, value: number, agoS: number): { topic: string; message: string } {
  const message = {
    id: vm,
    system: { voltage: 200 + value, door_closed: true },
    environment: { temps: [value - 40] },
    ts: new Date(Date.now() - agoS * 1_000).toISOString(),
    boot: "b1",
    seq: value + 1,
  };
  return { topic: `vm/${vm}/telemetry`, message: JSON.stringify(message) };
}

/** The values that the Raw tab shows, oldest first. */
async function rawVoltages(page: Page): Promise<(number | undefined)[]> {
  const payloads = await page.getByRole("tabpanel").locator("pre").allTextContents();
  return payloads
    .map((text) => JSON.parse(text) as { system?: { voltage?: number }; voltage?: number })
    .map(({ system, voltage }) => system?.voltage ?? voltage)
    .reverse();
}

const open = async ({ browse, world }: { browse: Browse; world: World }, vm: string, query = "", locale = "zh-CN"): Promise<Page> => {
  const { page } = await browse(world.people.王芳, { locale });
  await watchDrawing(page);
  await page.goto(`/machines/${vm}${query}`);
  return page;
};

test("[3] the charts join history and live: every reading once, in order, from the stored to the newest", async ({ browse, world }) => {
  const { mqttPort } = world.fleetcast;
  const vm = "VM-CHART-1";
  const values = Array.from({ length: 30 }, (_, index) => index);
  // Four seconds apart, so that each is a point of its own; they are sent before, while and after the page opens.
  const readings = values.map((value) => reading(vm, value, 4 * (values.length - 1 - value)));
  const send = (from: number, to: number): Promise<void> => publishMany(mqttPort, vm, readings.slice(from, to));
  const arrived = (value: number): Promise<void> => expect.poll(async () => (await rawVoltages(page)).at(-1)).toBe(value);
  await send(0, 10);
  const { page } = await browse(world.people.王芳);
  await watchDrawing(page);
  // The page asks for the stored series once it is subscribed. Held here: some readings come live and are in the series,
  // too, and some come live while an answer without them is on its way.
  await page.route("**/series?*", async (route) => {
    await send(10, 15);
    await arrived(214);
    const answer = await route.fetch();
    await send(15, 20);
    await arrived(219);
    await route.fulfill({ response: answer });
    await page.unroute("**/series?*");
  });
  await page.goto(`/machines/${vm}?tab=raw`);
  await expect(pill(page)).toHaveText("实时");
  await arrived(219);
  await send(20, 30);
  // The channel's history holds the document's last ten: from there on the Raw tab has everything.
  await arrived(229);
  const raw = await rawVoltages(page);
  expect(raw.length).toBeGreaterThanOrEqual(20);
  expect(raw).toEqual(values.map((value) => 200 + value).slice(-raw.length));
  await expectDrawn(
    page,
    "电压",
    values.map((value) => 200 + value),
  );
  await expectDrawn(
    page,
    "温度",
    values.map((value) => value - 40),
  );
  await page.reload();
  await expectDrawn(
    page,
    "电压",
    values.map((value) => 200 + value),
  );
});

test("[3] a chart says in words what it shows, for those who do not see it, and keeps up", async ({ browse, world }) => {
  const vm = "VM-WORDS-1";
  const { mqttPort } = world.fleetcast;
  await publishMany(mqttPort, vm, [reading(vm, 20, 20), reading(vm, 30, 10)]);
  const page = await open({ browse, world }, vm, "", "en");
  await expect(pill(page)).toHaveText("Live");
  const chart = page.getByRole("figure").filter({ hasText: "Voltage" });
  await expect(chart).toContainText("Voltage: lowest 220.0 V, highest 230.0 V, latest 230.0 V");
  await publishMany(mqttPort, vm, [reading(vm, 10, 0)]);
  await expect(chart).toContainText("Voltage: lowest 210.0 V, highest 230.0 V, latest 210.0 V", { timeout: 30_000 });
});

test("[3] the document's section 5.1 shows: its voltage joins the chart, its text pops up and stands in the feed", async ({
  browse,
  world,
}) => {
  const vm = "VM-DOC-51";
  await publishMany(world.fleetcast.mqttPort, vm, [reading(vm, 20, 60), reading(vm, 30, 30)]);
  const page = await open({ browse, world }, vm);
  await expect(pill(page)).toHaveText("实时");
  await expectDrawn(page, "电压", [220, 230]);
  await curlPublish(world.fleetcast.base, {
    method: "publish",
    params: { channel: `telemetry:${vm}`, data: { voltage: 221.5, msg: "实时电压波动" } },
  });
  const popup = page.getByRole("region", { name: /消息提醒/ }).getByText("实时电压波动");
  await expect(popup).toBeVisible();
  await expect(page.getByRole("tabpanel").getByText("实时电压波动")).toHaveCount(1);
  await expectDrawn(page, "电压", [220, 230, 221.5]);
  await page.getByRole("tab", { name: "原始消息" }).click();
  await expect.poll(() => rawVoltages(page)).toEqual([220, 230, 221.5]);
});

test("[4] 暴力震动 and 出餐成功 pop up on the open machine page, once, and stand in its events", async ({ browse, world }) => {
  const vm = "VM-POP-1";
  const { mqttPort } = world.fleetcast;
  await publishMany(mqttPort, vm, [reading(vm, 20, 1)]);
  const page = await open({ browse, world }, vm);
  await expect(pill(page)).toHaveText("实时");
  const popups = page.getByRole("region", { name: /消息提醒/ });
  await publishMany(mqttPort, vm, [
    {
      topic: `vm/${vm}/events`,
      message: JSON.stringify({
        id: vm,
        event_id: "s1",
        type: "shake",
        severity: "warning",
        ts: new Date().toISOString(),
        data: { strength_g: 2.4 },
      }),
    },
  ]);
  const shake = popups.getByRole("listitem").filter({ hasText: vm }).filter({ hasText: "暴力震动" });
  await expect(shake).toHaveCount(1);
  await expect(shake).toContainText("2.4");
  await publishMany(mqttPort, vm, [
    {
      topic: `vm/${vm}/events`,
      message: JSON.stringify({
        id: vm,
        event_id: "v1",
        type: "vend_success",
        severity: "info",
        ts: new Date().toISOString(),
        data: { product: "宫保鸡丁饭", slot: "A3" },
      }),
    },
  ]);
  const vend = popups.getByRole("listitem").filter({ hasText: vm }).filter({ hasText: "出餐成功" });
  await expect(vend).toHaveCount(1);
  await expect(vend).toContainText("宫保鸡丁饭");
  const log = page.getByRole("log");
  await expect(log.getByText("暴力震动")).toHaveCount(1);
  await expect(log.getByText("出餐成功")).toHaveCount(1);
});

test("[6] people on one machine page see each other, and who leaves disappears", async ({ browse, world }) => {
  const vm = "VM-WATCH-1";
  await publishMany(world.fleetcast.mqttPort, vm, [reading(vm, 20, 1)]);
  const first = await browse(world.people.张伟);
  const second = await browse(world.people.李娜);
  await first.page.goto(`/machines/${vm}`);
  const seen = (page: Page) => page.getByText("正在查看", { exact: true }).locator("..");
  await expect(seen(first.page)).toHaveText("正在查看 张伟（你）");
  await second.page.goto(`/machines/${vm}`);
  await expect(seen(second.page)).toHaveText("正在查看 李娜（你）、张伟");
  await expect(seen(first.page)).toHaveText("正在查看 张伟（你）、李娜", { timeout: 3_000 });
  // Whoever only goes to another page stays subscribed for five seconds; a browser that is closed is gone at once.
  await second.page.getByRole("link", { name: "设备" }).first().click();
  await expect(seen(first.page)).toHaveText("正在查看 张伟（你）", { timeout: 8_000 });
  await second.page.goBack();
  await expect(seen(first.page)).toHaveText("正在查看 张伟（你）、李娜", { timeout: 3_000 });
  await second.context.close();
  await expect(seen(first.page)).toHaveText("正在查看 张伟（你）", { timeout: 3_000 });
});

test("[8] an operator's command is confirmed, and its steps reach done by the machine's own receipts", async ({ browse, world }) => {
  const { page } = await browse(world.people.张伟, { locale: "en" });
  await page.goto("/machines/VM-SH-002");
  await page.getByRole("button", { name: "Lock sales" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("VM-SH-002");
  await expect(dialog).toContainText("stops selling");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(dialog.getByRole("status")).toHaveText("Done", { timeout: 15_000 });
  const steps = dialog.getByRole("list", { name: "Progress of the command" }).getByRole("listitem");
  await expect(steps).toHaveText([/^Queued/, /^Sent\d/, /^Received\d/, /^Running\d/, /^Done\d/]);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(dialog).toHaveCount(0);
  await page.getByRole("tab", { name: "Commands" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("Lock sales");
  await expect(page.getByRole("tabpanel").getByRole("status").first()).toHaveText("Done");
  await page.getByRole("button", { name: "Resume sales" }).click();
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(dialog.getByRole("status")).toHaveText("Done", { timeout: 15_000 });
});

test("[8] a viewer sees no command, and the server refuses one all the same", async ({ browse, world }) => {
  const page = await open({ browse, world }, "VM-SH-002", "", "en");
  await expect(page.getByRole("heading", { name: "VM-SH-002" })).toBeVisible();
  await expect(pill(page)).toHaveText("Live");
  await expect(page.getByRole("group", { name: "Commands" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Lock sales" })).toHaveCount(0);
  const request = { idempotency_key: "viewer", targets: ["VM-SH-002"], name: "lock_sales", params: {}, ttl_s: 30 };
  expect((await world.screen.post("/v1/commands", request)).status).toBe(403);
});
