export { type App, type AppOptions, startApp } from "./app.ts";
export type { Config } from "./config/config.ts";
export type { Logger } from "./log.ts";
