export type { Config } from "./config/config.ts";
export type { Logger } from "./log.ts";
