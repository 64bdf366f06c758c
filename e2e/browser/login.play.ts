import { expect, pill, test } from "./fixtures.ts";

const words = {
  "zh-CN": { name: "用户名", password: "密码", submit: "登录", wrong: "用户名或密码错误。", live: "实时", language: "中文" },
  en: { name: "Name", password: "Password", submit: "Log in", wrong: "Wrong name or password.", live: "Live", language: "English" },
} as const;

for (const language of ["zh-CN", "en"] as const) {
  test(`log in, ${language}: a wrong password is told in words, the right one opens the fleet`, async ({ browse, world }) => {
    const text = words[language];
    const { page, watch } = await browse(null, { locale: language });
    // Chromium itself writes a refused request to the console.
    watch.allow(/status of 401 .*\/v1\/session\)$/);
    await page.goto("/");
    await expect(page.locator("html")).toHaveAttribute("lang", language);
    await page.getByLabel(text.name, { exact: true }).fill("张伟");
    await page.getByLabel(text.password, { exact: true }).fill("not-the-password");
    await page.getByRole("button", { name: text.submit }).click();
    await expect(page.getByText(text.wrong).first()).toBeVisible();
    await expect(page.getByRole("alert")).toHaveText(text.wrong);
    await expect(page.getByLabel(text.password, { exact: true })).toHaveValue("");
    await page.getByLabel(text.password, { exact: true }).fill(world.people.张伟.password);
    await page.getByLabel(text.password, { exact: true }).press("Enter");
    await expect(page.getByRole("table").getByRole("link").first()).toBeVisible();
    await expect(pill(page)).toHaveText(text.live);
  });
}

test("the language can be changed before the login, and stays", async ({ browse, world }) => {
  const { page } = await browse(null, { locale: "en" });
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
  await page.getByText("中文", { exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await expect(page.getByRole("button", { name: "登录" })).toBeVisible();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await page.getByLabel("用户名").fill("王芳");
  await page.getByLabel("密码").fill(world.people.王芳.password);
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page.getByRole("navigation").first()).toContainText("设备");
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
});

test("logging out ends the session for the page and for the server", async ({ browse, world }) => {
  const { page, context, watch } = await browse(null);
  await page.goto("/");
  await page.getByLabel("用户名").fill("李娜");
  await page.getByLabel("密码").fill(world.people.李娜.password);
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("button", { name: /李娜/ }).click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await expect(page.getByRole("button", { name: "登录" })).toBeVisible();
  expect((await context.request.get("/v1/me")).status()).toBe(401);
  expect(watch.complaints).toEqual([]);
});
