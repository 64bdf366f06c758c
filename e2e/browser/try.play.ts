import { curlPublish } from "./curl-publish.ts";
import { expect, test } from "./fixtures.ts";

for (const [locale, connected] of [
  ["zh-CN", "✓ 已建立实时连接"],
  ["en", "✓ Live connection established"],
] as const) {
  test(`[10] /v1/try, ${locale}: the document's own code connects with the official SDK and shows what is published`, async ({
    browse,
    world,
  }) => {
    const { page } = await browse(null, { locale });
    const said = page.waitForEvent("console", (message) => message.text().startsWith("✓ 已建立 WSS 实时连接"));
    await page.goto("/v1/try");
    await expect(page.getByRole("status")).toHaveText(connected);
    await said;
    await expect(page.locator("html")).toHaveAttribute("lang", locale);
    const telemetry = page.locator('[data-channel="telemetry:VM-SH-001"]');
    await expect(telemetry.locator('[data-part="watching"]')).toHaveText(/^[1-9]/);
    await curlPublish(world.fleetcast.base, {
      method: "publish",
      params: { channel: "telemetry:VM-SH-001", data: { voltage: 221.5, msg: `实时电压波动 ${locale}` } },
    });
    await expect(telemetry.locator('[data-part="live"]')).toContainText(`{"voltage":221.5,"msg":"实时电压波动 ${locale}"}`);
  });
}
