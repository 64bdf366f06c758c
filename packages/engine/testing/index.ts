export * from "./log-contract.ts";
export * from "./manual-clock.ts";
export * from "./seeded-chance.ts";
