import { defineConfig } from "@playwright/test";

if (process.env["FLEETCAST_BUN"] === undefined) throw new Error("FLEETCAST_BUN must name the Bun that runs the server; npm test sets it");

/**
 * The dashboard in a real Chromium against the real process. One worker: the tests share one running Fleetcast, and the
 * machine has two cores. No retries: what fails once is a finding.
 */
export default defineConfig({
  testDir: ".",
  testMatch: "*.play.ts",
  outputDir: "../../test-results/browser",
  workers: 1,
  retries: 0,
  forbidOnly: process.env["CI"] === "true",
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  use: {
    actionTimeout: 10_000,
    navigationTimeout: 15_000,
    timezoneId: "Asia/Shanghai",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--font-render-hinting=none",
      ],
    },
  },
});
