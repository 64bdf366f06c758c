export { createEngine } from "./engine.ts";
export * from "./engine-api.ts";
export { idempotencyKeyTtlMs, MemoryLog } from "./history/memory-log.ts";
export * from "./log.ts";
export * from "./options.ts";
export * from "./ports.ts";
export * from "./proxies.ts";
export * from "./transport.ts";
