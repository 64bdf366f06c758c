export {
  createEmbeddedBroker,
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
  type EmbeddedBrokerStats,
} from "./embedded/embedded-broker.ts";
export { defaultEmbeddedLimits, type EmbeddedLimits } from "./embedded/limits.ts";
export { type BrokerTls, ListenError } from "./embedded/listeners.ts";
export * from "./intake.ts";
export * from "./ports.ts";
export * from "./topics.ts";
