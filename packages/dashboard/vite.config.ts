import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The server a developer's page talks to; `npm run dev` only. */
const developmentServer = "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [react(), tailwindcss()],
  build: {
    target: "es2022",
    // The policy of the server is `default-src 'self'`: a data: address would be refused, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/v1": developmentServer,
      "/connection": { target: developmentServer, ws: true },
    },
  },
  test: {
    // Only files that mount components need a page; they say so in their first line.
    environment: "node",
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    setupFiles: ["./testing/setup.ts"],
    restoreMocks: true,
  },
});
