import type { Page } from "@playwright/test";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { expect, MACHINES, test } from "./fixtures.ts";

const machine = (page: Page, name: string | RegExp) => page.getByRole("table").getByRole("link", { name });

test("the simulated machines are in the list, online, and their values move without a reload", async ({ browse, world }) => {
  const { page } = await browse(world.people.王芳);
  await page.goto("/?sort=name");
  const rows = page.getByRole("row").filter({ has: page.getByRole("link", { name: /^VM-SH-0/ }) });
  await expect(rows).toHaveCount(MACHINES);
  for (const row of await rows.all()) await expect(row).toContainText("在线");
  const before = await rows.first().textContent();
  await expect.poll(() => rows.first().textContent()).not.toBe(before);
});

test("a machine that speaks for the first time appears by itself, with its values", async ({ browse, world }) => {
  const { page } = await browse(world.people.王芳);
  await page.goto("/?sort=name");
  await expect(machine(page, "VM-SH-001")).toBeVisible();
  await expect(machine(page, "VM-NEW-7")).toHaveCount(0);
  mosquittoPublish(
    world.fleetcast.mqttPort,
    "VM-NEW-7",
    "vm/VM-NEW-7/telemetry",
    JSON.stringify({ id: "VM-NEW-7", system: { voltage: 224.2, door_closed: true }, environment: { temps: [-18.5, -18.2] } }),
  );
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "VM-NEW-7" }) });
  await expect(row).toBeVisible();
  await expect(row).toContainText("224.2");
  await expect(row).toContainText("-18.5");
});

test("the tiles count what the server counts, and filter the list", async ({ browse, world }) => {
  mosquittoPublish(world.fleetcast.mqttPort, "VM-OFF-1", "vm/VM-OFF-1/status", JSON.stringify({ id: "VM-OFF-1", state: "offline" }));
  const { page } = await browse(world.people.王芳, { locale: "en" });
  await page.goto("/?sort=name");
  const offline = page.getByRole("button", { name: /^Offline/ });
  const online = page.getByRole("button", { name: /^Online/ });
  await expect(machine(page, "VM-OFF-1")).toBeVisible();
  await offline.click();
  await expect(machine(page, "VM-OFF-1")).toBeVisible();
  await expect(machine(page, "VM-SH-001")).toHaveCount(0);
  await expect(page).toHaveURL(/state=offline/);
  await online.click();
  await expect(machine(page, "VM-SH-001")).toBeVisible();
  await expect(machine(page, "VM-OFF-1")).toHaveCount(0);
  await online.click();
  await expect(page).not.toHaveURL(/state=/);
  await expect(async () => {
    const { totals } = await world.screen.get<{ totals: { online: number; machines: number; offline: number } }>("/v1/fleet?scope=all");
    await expect(online).toContainText(`${totals.online} / ${totals.machines}`, { timeout: 1_000 });
    await expect(offline).toContainText(String(totals.offline), { timeout: 1_000 });
  }).toPass({ timeout: 10_000 });
});

test("search and order live in the address, and a pasted address opens the same view", async ({ browse, world }) => {
  const { page, context } = await browse(world.people.王芳);
  await page.goto("/");
  await page.getByRole("searchbox").fill("SH-003");
  await expect(page.getByRole("table").getByRole("link")).toHaveCount(1);
  const second = await context.newPage();
  await second.goto(page.url());
  await expect(second.getByRole("table").getByRole("link")).toHaveCount(1);
  await expect(second.getByRole("searchbox")).toHaveValue("SH-003");
});
