import { API_KEY } from "../harness/fleetcast.ts";
import { expect, test } from "./fixtures.ts";

/** The API explorer as a person uses it: nothing from elsewhere, no complaint of the content policy (PageWatch looks). */

test("[OA8] /v1/explorer: a publish from the page reaches the channel", async ({ browse, world }) => {
  const { page } = await browse(world.people.张伟);
  await page.goto("/v1/explorer");
  await expect(page.getByRole("status")).toHaveText("已登录：张伟");
  await page.getByLabel("API 密钥").fill(API_KEY);
  await page.getByRole("button", { name: "使用", exact: true }).click();
  await expect(page.getByRole("status")).toHaveText("正在使用 API 密钥。");

  const publish = page.locator("#operations-server-publish");
  await publish.locator(".opblock-summary-control").click();
  const said = `from the explorer ${Date.now()}`;
  await publish.getByRole("textbox").first().waitFor();
  await publish.locator("textarea.body-param__text").fill(JSON.stringify({ channel: "events:VM-SH-001", data: { said } }));
  await publish.getByRole("button", { name: "Execute" }).click();
  await expect(publish.locator(".live-responses-table td.response-col_status:not(.col_header)")).toContainText("200");
  await expect(publish.locator(".live-responses-table")).toContainText('"offset"');
  const history = await world.fleetcast.api<{ result: unknown }>("history", { channel: "events:VM-SH-001", limit: 50 });
  expect(JSON.stringify(history)).toContain(said);
});

test("[OA8] /v1/explorer: /v1 is called with the dashboard's session, writes with its CSRF value", async ({ browse, world }) => {
  const { page } = await browse(world.people.张伟, { locale: "en" });
  await page.goto("/v1/explorer");
  await expect(page.getByRole("status")).toHaveText("Signed in: 张伟");
  const token = page.locator("#operations-realtime-subscriptionToken");
  await token.locator(".opblock-summary-control").click();
  await token.getByRole("button", { name: "Execute" }).click();
  await expect(token.locator(".live-responses-table td.response-col_status:not(.col_header)")).toContainText("200");
  await expect(token.locator(".live-responses-table")).toContainText('"token"');
});

test("[OA8] /v1/explorer: nobody sees the document without a session or the key", async ({ browse }) => {
  const { page, watch } = await browse(null, { locale: "en" });
  await page.goto("/v1/explorer");
  await expect(page.getByRole("status")).toHaveText("Sign in on the dashboard, or enter the API key.");
  await expect(page.locator("#explorer")).toBeEmpty();
  watch.allow(/status of 401/);
  await page.getByLabel("API key").fill("wrong");
  await page.getByRole("button", { name: "Use", exact: true }).click();
  await expect(page.getByRole("status")).toContainText("The key is wrong");
  await page.getByLabel("API key").fill(API_KEY);
  await page.getByRole("button", { name: "Use", exact: true }).click();
  await expect(page.locator("#operations-server-publish")).toBeVisible();
});
