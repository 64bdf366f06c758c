import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BrowserContext, type BrowserContextOptions, test as base, expect, type Page } from "@playwright/test";
import { Fleetcast, root } from "../harness/fleetcast.ts";
import { eventually, type OwnProcess } from "../harness/process.ts";
import { addUser, Screen } from "../harness/screen.ts";
import { PageWatch } from "./page-watch.ts";

export { expect };

export const MACHINES = 12;
const roles = { 张伟: "operator", 李娜: "operator", 王芳: "viewer", 陈静: "admin" } as const;
export type Name = keyof typeof roles;

/** A person with a password and, once asked for, a session that further browsers take over. */
export interface Person {
  readonly name: Name;
  readonly password: string;
  readonly storageState: Exclude<BrowserContextOptions["storageState"], string | undefined>;
}

/** One running Fleetcast with simulated machines and people, for all tests that leave it alive. */
export interface World {
  readonly fleetcast: Fleetcast;
  readonly people: Readonly<Record<Name, Person>>;
  /** Someone's `/v1`, to ask the server what is true. */
  readonly screen: Screen;
}

/** A browser of its own with nobody signed in, or with this person. Closed and judged when the test ends. */
export type Browse = (person: Person | null, options?: BrowserContextOptions & { readonly base?: string }) => Promise<Visit>;

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly watch: PageWatch;
}

export const test = base.extend<{ browse: Browse }, { world: World }>({
  world: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures out of this pattern
    async ({}, use) => {
      assert.ok(existsSync(join(root, "packages/dashboard/dist/index.html")), "the dashboard is not built: npm run build");
      const fleetcast = await Fleetcast.started();
      const simulator = simulate(fleetcast, fleetcast.mqttPort, MACHINES);
      try {
        const entries = await Promise.all(
          (Object.keys(roles) as Name[]).map(async (name) => [name, await joined(fleetcast, name)] as const),
        );
        const people = Object.fromEntries(entries) as Record<Name, Person>;
        const screen = await Screen.login(fleetcast.base, "王芳", people.王芳.password);
        await machinesOnline(screen, MACHINES);
        await use({ fleetcast, people, screen });
      } finally {
        await simulator.end("SIGTERM");
        await fleetcast.remove();
      }
    },
    { scope: "worker", timeout: 60_000 },
  ],

  browse: async ({ browser, world }, use) => {
    const visits: Visit[] = [];
    await use(async (person, { base = world.fleetcast.base, ...options } = {}) => {
      const context = await browser.newContext({
        baseURL: base,
        locale: "zh-CN",
        viewport: { width: 1440, height: 900 },
        ...(person === null ? {} : { storageState: person.storageState }),
        ...options,
      });
      const watch = new PageWatch(context, base);
      const visit = { context, watch, page: await context.newPage() };
      visits.push(visit);
      return visit;
    });
    const complaints = visits.flatMap(({ watch }) => watch.complaints);
    for (const { context } of visits) await context.close();
    expect(complaints, "console, errors and other origins").toEqual([]);
  },
});

/** Adds the person on the command line and signs them in as a browser would. */
async function joined(fleetcast: Fleetcast, name: Name): Promise<Person> {
  const password = await addUser(fleetcast, name, roles[name]);
  return { name, password, storageState: await signIn(fleetcast.base, name, password) };
}

/** The cookie that a login sets, and the mark by which the dashboard knows that there is one. */
export async function signIn(origin: string, name: string, password: string): Promise<Person["storageState"]> {
  const answer = await fetch(`${origin}/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, password }),
  });
  assert.equal(answer.status, 200, await answer.text());
  const [cookieName, value] = answer.headers.get("set-cookie")!.split(";")[0]!.split(/=(.*)/s) as [string, string];
  const cookie = { name: cookieName, value, domain: new URL(origin).hostname, path: "/", expires: -1, httpOnly: true, secure: false };
  return {
    cookies: [{ ...cookie, sameSite: "Strict" }],
    origins: [{ origin, localStorage: [{ name: "fleetcast.signed-in", value: "1" }] }],
  };
}

/** Virtual machines VM-SH-001, 002, ... from the official command line. */
export function simulate(fleetcast: Fleetcast, mqttPort: number, count: number): OwnProcess {
  return fleetcast.cliProcess("simulate", "--count", String(count), "--url", `mqtt://127.0.0.1:${mqttPort}`);
}

export async function machinesOnline(screen: Screen, count: number): Promise<void> {
  await eventually("the machines are online", 20_000, async () => {
    const { totals } = await screen.get<{ totals: { online: number } }>("/v1/fleet?scope=all");
    return totals.online >= count;
  });
}

/** The pill in the top bar, the one place that says how true the page is. */
export const pill = (page: Page) => page.getByRole("banner").getByRole("status");
