import type { Page } from "@playwright/test";
import { Fleetcast } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { addUser } from "../harness/screen.ts";
import { type Browse, expect, pill, signIn, test, type Visit } from "./fixtures.ts";
import { Gate } from "./gate.ts";

const vm = "VM-LINK-1";
/** What Chromium writes to the console about a server that is not there; nothing else is allowed. */
const away = [/WebSocket connection to .* failed/, /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/];
const values = (page: Page) => page.locator("[data-link]");

function event(port: number, id: string): void {
  const message = { id: vm, event_id: id, type: `sign_${id}`, severity: "info", ts: new Date().toISOString(), data: {} };
  mosquittoPublish(port, vm, `vm/${vm}/events`, JSON.stringify(message));
}

/** A Fleetcast of its own behind a gate, and a browser on its machine's page. */
async function behindGate(
  browse: Browse,
  work: (parts: { fleetcast: Fleetcast; gate: Gate; visit: Visit }) => Promise<void>,
): Promise<void> {
  const fleetcast = await Fleetcast.started();
  const gate = await Gate.before(fleetcast.httpPort);
  try {
    const password = await addUser(fleetcast, "link", "viewer");
    event(fleetcast.mqttPort, "before");
    const storageState = await signIn(gate.base, "link", password);
    const visit = await browse(null, { base: gate.base, locale: "en", storageState });
    await visit.page.goto(`/machines/${vm}`);
    await expect(pill(visit.page)).toHaveText("Live");
    await expect(visit.page.getByRole("log")).toContainText("sign_before");
    visit.watch.allow(...away);
    await work({ fleetcast, gate, visit });
  } finally {
    await gate.remove();
    await fleetcast.remove();
  }
}

/** The connection is gone: within the time of the rule the page says so, and dims what it cannot vouch for. */
async function expectLost(page: Page, sinceMs: number): Promise<void> {
  await expect(pill(page)).toHaveText("Reconnecting");
  await expect(values(page)).toHaveAttribute("data-link", "stale");
  // 1.5 s by the rule, and half a second for two busy cores.
  expect(performance.now() - sinceMs, "milliseconds until it was told").toBeLessThan(2_000);
  await expect(page.getByRole("banner")).toContainText(/Values as of \d\d:\d\d:\d\d/);
}

/** The client may have come back by itself in the moment since the gate opened: then there is nothing left to press. */
async function retryNow(page: Page): Promise<void> {
  const button = page.getByRole("button", { name: "Retry now" });
  await button.click({ timeout: 1_000 }).catch(async () => await expect(button).toHaveCount(0));
}

async function expectOnce(page: Page, ids: readonly string[]): Promise<void> {
  const log = page.getByRole("log");
  await expect(log).toContainText(`sign_${ids.at(-1)}`);
  for (const id of ids) await expect(log.getByText(`sign_${id}`, { exact: true }), id).toHaveCount(1);
}

test("[7] a cut connection is told within 1.5 s; what was missed is counted and comes once", async ({ browse }) => {
  await behindGate(browse, async ({ fleetcast, gate, visit: { page } }) => {
    gate.shut();
    await expectLost(page, performance.now());
    for (const id of ["missed-1", "missed-2", "missed-3"]) event(fleetcast.mqttPort, id);
    gate.open();
    await retryNow(page);
    await expect(values(page)).toHaveAttribute("data-link", "current");
    await expect(pill(page)).toHaveText("Live");
    await expect(page.getByRole("banner")).toContainText(/[3-9] messages recovered, away/);
    event(fleetcast.mqttPort, "after");
    await expectOnce(page, ["before", "missed-1", "missed-2", "missed-3", "after"]);
    await page.getByRole("banner").getByRole("button").first().click();
    const states = page.getByRole("dialog").getByRole("list").last().getByRole("listitem").locator("span:first-of-type");
    // Nothing better than the truth in between: newest first, no catching up before there was a connection again.
    await expect(states).toHaveText(["Live", "Catching up", "Reconnecting", "Live"]);
  });
});

test("[7] a killed server is told within 1.5 s; started again, it gives what the browser missed, once", async ({ browse }) => {
  await behindGate(browse, async ({ fleetcast, gate, visit: { page } }) => {
    gate.shut();
    await fleetcast.kill();
    await expectLost(page, performance.now());
    await fleetcast.start();
    for (const id of ["missed-1", "missed-2", "missed-3"]) event(fleetcast.mqttPort, id);
    gate.open();
    await retryNow(page);
    // The fleet list lives in memory: it was loaded anew, and the page says from when to when.
    await expect(page.getByRole("banner")).toContainText(/\d\d:\d\d:\d\d–\d\d:\d\d:\d\d may be incomplete/);
    await expect(values(page)).toHaveAttribute("data-link", "current");
    event(fleetcast.mqttPort, "after");
    await expectOnce(page, ["before", "missed-1", "missed-2", "missed-3", "after"]);
    await expect(pill(page)).toHaveText("Live", { timeout: 12_000 });
  });
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
  // The server ends the connections of a login with it: nobody has to click first.
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await expect(dialog).toContainText("Please log in again");
  await dialog.getByLabel("Password").fill(world.people.李娜.password);
  await dialog.getByRole("button", { name: "Log in" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(pill(page)).toHaveText("Live");
});
