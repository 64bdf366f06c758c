import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { curlPublish } from "./curl-publish.ts";
import { expect, pill, test } from "./fixtures.ts";

const maintenance = "服务器集群将于凌晨 2 点进行系统升级";

test("[5] the document's broadcast stands above every page of everybody at once, until it is dismissed", async ({ browse, world }) => {
  const first = await browse(world.people.张伟);
  const second = await browse(world.people.李娜, { locale: "en" });
  await first.page.goto("/events");
  await second.page.goto("/machines/VM-SH-001");
  await expect(pill(first.page)).toHaveText("实时");
  await expect(pill(second.page)).toHaveText("Live");
  await curlPublish(world.fleetcast.base, {
    method: "broadcast",
    params: { channels: ["p_alert:global"], data: { level: "P0", content: maintenance } },
  });
  const banner = (page: typeof first.page) => page.getByRole("alert").filter({ hasText: maintenance });
  await Promise.all([expect(banner(first.page)).toBeVisible(), expect(banner(second.page)).toBeVisible()]);
  await expect(banner(second.page)).toContainText("P0");
  await first.page.reload();
  await expect(banner(first.page)).toHaveCount(1);
  await banner(first.page).getByRole("button", { name: "知道了" }).click();
  await expect(banner(first.page)).toHaveCount(0);
  await first.page.reload();
  await expect(pill(first.page)).toHaveText("实时");
  await expect(banner(first.page)).toHaveCount(0);
  await expect(banner(second.page)).toHaveCount(1);
});

test("[5] a machine's critical event raises an alert for everybody, within a second, and leads to the machine", async ({
  browse,
  world,
}) => {
  const { page } = await browse(world.people.王芳, { locale: "en" });
  await page.goto("/events");
  await expect(pill(page)).toHaveText("Live");
  const event = { id: "VM-HOT-1", event_id: "hot-1", type: "temperature_high", severity: "critical", data: { temp_c: -9.4 } };
  mosquittoPublish(world.fleetcast.mqttPort, "VM-HOT-1", "vm/VM-HOT-1/events", JSON.stringify(event));
  const sent = performance.now();
  const banner = page.getByRole("region", { name: "Notices" }).getByRole("alert").filter({ hasText: "VM-HOT-1" });
  await expect(banner).toBeVisible();
  expect(performance.now() - sent, "milliseconds from PUBACK to the screen").toBeLessThan(1_000);
  await expect(banner).toContainText("Critical");
  await expect(banner).toContainText("Too warm");
  await expect(banner).toContainText("-9.4 °C");
  await banner.getByRole("link", { name: "VM-HOT-1" }).click();
  await expect(page.getByRole("heading", { name: "VM-HOT-1" })).toBeVisible();
});
