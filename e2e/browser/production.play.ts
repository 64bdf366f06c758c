import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { addUser, Screen } from "../harness/screen.ts";
import { type Stack, startProduction } from "../harness/stack.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { mosquitto, mosquittoPub, nginx, skipReason } from "../parts/find.ts";
import { curlPublish } from "./curl-publish.ts";
import { expectDrawn, watchDrawing } from "./drawn-chart.ts";
import { expect, machinesOnline, pill, signIn, simulate, test } from "./fixtures.ts";

/** The document's own stack: a real Mosquitto, a real Centrifugo, nginx in front. The same dashboard, the same promises. */
const missing = skipReason(mosquitto, mosquittoPub, nginx, findCentrifugo({ build: false }));

test("[12] Mosquitto and Centrifugo: log in, live telemetry, a receipt, a broadcast, who is watching", async ({ browse }) => {
  test.skip(missing !== false, missing === false ? "" : missing);
  test.setTimeout(90_000);
  const stack = await startProduction();
  const simulator = simulate(stack.fleetcast, stack.mqttPort, 2);
  try {
    const [operator, viewer] = await Promise.all([addUser(stack.fleetcast, "op", "operator"), addUser(stack.fleetcast, "eye", "viewer")]);
    await machinesOnline(await Screen.login(stack.base, "eye", viewer), 2);
    const { page } = await browse(null, { base: stack.base, locale: "en" });
    await watchDrawing(page);
    await page.goto("/");
    await page.getByLabel("Name").fill("op");
    await page.getByLabel("Password").fill(operator);
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(pill(page)).toHaveText("Live");
    await expect(page.getByRole("table").getByRole("link", { name: "VM-SH-001" })).toBeVisible();

    await page.goto("/machines/VM-SH-002");
    await expect(pill(page)).toHaveText("Live");
    await page.getByRole("button", { name: "Lock sales" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Send" }).click();
    await expect(dialog.getByRole("status")).toHaveText("Done", { timeout: 15_000 });
    await dialog.getByRole("button", { name: "Close" }).last().click();

    const watching = page.getByText("Watching", { exact: true }).locator("..");
    await expect(watching).toHaveText("Watching op (you)");
    const other = await browse(null, { base: stack.base, storageState: await signIn(stack.base, "eye", viewer) });
    await other.page.goto("/machines/VM-SH-002");
    await expect(watching).toHaveText("Watching op (you), eye");
    await other.context.close();
    await expect(watching).toHaveText("Watching op (you)", { timeout: 3_000 });

    await liveTelemetry(stack, page);

    await curlPublish(stack.base, {
      method: "broadcast",
      params: { channels: ["p_alert:global"], data: { level: "P0", content: "服务器集群将于凌晨 2 点进行系统升级" } },
    });
    await expect(page.getByRole("alert").filter({ hasText: "服务器集群将于凌晨 2 点进行系统升级" })).toBeVisible();
  } finally {
    await simulator.end("SIGTERM");
    await stack.stop();
  }
});

/** Readings before and after the page opens, through the real Mosquitto, and section 5.1 through `/api`: all on the chart. */
async function liveTelemetry(stack: Stack, page: Parameters<typeof watchDrawing>[0]): Promise<void> {
  const vm = "VM-REAL-1";
  const publish = (voltage: number, agoS: number): void =>
    mosquittoPublish(
      stack.mqttPort,
      vm,
      `vm/${vm}/telemetry`,
      JSON.stringify({ id: vm, system: { voltage, door_closed: true }, ts: new Date(Date.now() - agoS * 1_000).toISOString() }),
    );
  publish(210, 50);
  publish(220, 42);
  const screen = page.context().request;
  await expect.poll(async () => (await screen.get(`/v1/machines/${vm}`)).status()).toBe(200);
  await page.goto(`/machines/${vm}`);
  await expect(pill(page)).toHaveText("Live");
  await expectDrawn(page, "Voltage", [210, 220]);
  publish(215, 34);
  publish(230, 26);
  await expectDrawn(page, "Voltage", [210, 220, 215, 230]);
  await curlPublish(stack.base, {
    method: "publish",
    params: { channel: `telemetry:${vm}`, data: { voltage: 221.5, msg: "实时电压波动" } },
  });
  await expectDrawn(page, "Voltage", [210, 220, 215, 230, 221.5]);
  await expect(page.getByRole("tabpanel").getByText("实时电压波动")).toHaveCount(1);
}
