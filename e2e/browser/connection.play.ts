import type { Page } from "@playwright/test";
import { Fleetcast } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { addUser } from "../harness/screen.ts";
import { expect, pill, signIn, test } from "./fixtures.ts";
import { Gate } from "./gate.ts";

const vm = "VM-LINK-1";
/** What Chromium writes to the console about a server that is not there; nothing else is allowed. */
const away = [/WebSocket connection to .* failed/, /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/];
const values = (page: Page) => page.locator("[data-link]");

function event(port: number, id: string): void {
  const message = { id: vm, event_id: id, type: `sign_${id}`, severity: "info", ts: new Date().toISOString(), data: {} };
  mosquittoPublish(port, vm, `vm/${vm}/events`, JSON.stringify(message));
}

test("[7] a killed server is told within 1.5 s, values are marked as old, and what was missed comes once", async ({ browse }) => {
  const fleetcast = await Fleetcast.started();
  const gate = await Gate.before(fleetcast.httpPort);
  try {
    const password = await addUser(fleetcast, "link", "viewer");
    event(fleetcast.mqttPort, "before");
    const { page, watch } = await browse(null, {
      base: gate.base,
      locale: "en",
      storageState: await signIn(gate.base, "link", password),
    });
    await page.goto(`/machines/${vm}`);
    await expect(pill(page)).toHaveText("Live");
    const log = page.getByRole("log");
    await expect(log).toContainText("sign_before");
    watch.allow(...away);

    gate.shut();
    await fleetcast.kill();
    const killed = performance.now();
    await expect(pill(page)).toHaveText("Reconnecting");
    await expect(values(page)).toHaveAttribute("data-link", "stale");
    // 1.5 s by the rule, and half a second for two busy cores.
    expect(performance.now() - killed, "milliseconds until it was told").toBeLessThan(2_000);
    await expect(page.getByRole("banner")).toContainText(/Values as of \d\d:\d\d:\d\d/);
    await expect(page.getByRole("button", { name: "Retry now" })).toBeVisible();

    await fleetcast.start();
    for (const id of ["missed-1", "missed-2", "missed-3"]) event(fleetcast.mqttPort, id);
    gate.open();
    await page.getByRole("button", { name: "Retry now" }).click();
    await expect(pill(page)).toHaveText("Live");
    await expect(values(page)).toHaveAttribute("data-link", "current");
    await expect(page.getByRole("banner")).toContainText(/messages recovered, away/);
    event(fleetcast.mqttPort, "after");
    await expect(log).toContainText("sign_after");
    for (const id of ["before", "missed-1", "missed-2", "missed-3", "after"]) {
      await expect(log.getByText(`sign_${id}`, { exact: true }), id).toHaveCount(1);
    }
    await expect(page.getByRole("banner")).not.toContainText("messages recovered", { timeout: 12_000 });
  } finally {
    await gate.remove();
    await fleetcast.remove();
  }
});

test("[7] a browser without a network says so in its own words, and a session that was ended asks for the password", async ({
  browse,
  world,
}) => {
  const { page, context, watch } = await browse(null, { locale: "en" });
  await page.goto("/");
  await page.getByLabel("Name").fill("李娜");
  await page.getByLabel("Password").fill(world.people.李娜.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(pill(page)).toHaveText("Live");
  watch.allow(...away, /net::ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  await expect(pill(page)).toHaveText("No network");
  await expect(page.getByRole("banner")).toContainText("This device has no network.");
  await context.setOffline(false);
  await expect(pill(page)).toHaveText("Live", { timeout: 20_000 });

  watch.allow(/status of 401 /);
  const { csrf } = (await (await context.request.get("/v1/me")).json()) as { csrf: string };
  await context.request.delete("/v1/session", { headers: { "x-fleetcast-csrf": csrf } });
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await expect(dialog).toContainText("Please log in again");
  await dialog.getByLabel("Password").fill(world.people.李娜.password);
  await dialog.getByRole("button", { name: "Log in" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(pill(page)).toHaveText("Live");
});
