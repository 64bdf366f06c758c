import { afterEach } from "vitest";

// Components are taken off the page after each test, in files that mount any.
afterEach(async () => {
  if (typeof document === "undefined" || document.body.childElementCount === 0) return;
  const { cleanup } = await import("@testing-library/react");
  cleanup();
});
