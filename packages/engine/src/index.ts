export * from "./engine-api.ts";
export * from "./log.ts";
export * from "./options.ts";
export * from "./ports.ts";
