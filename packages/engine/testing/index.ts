export * from "./engine-bench.ts";
export * from "./gated-log.ts";
export * from "./log-contract.ts";
export * from "./manual-clock.ts";
export * from "./memory-socket.ts";
export * from "./seeded-chance.ts";
export * from "./simulated-client.ts";
export * from "./test-client.ts";
