export {
  type BrokerConsumer,
  type BrokerConsumerOptions,
  type BrokerConsumerStats,
  type ConsumerLimits,
  createBrokerConsumer,
  defaultConsumerLimits,
} from "./consumer/broker-consumer.ts";
export { type BrokerAddress, parseBrokerUrl } from "./consumer/broker-url.ts";
export {
  createEmbeddedBroker,
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
  type EmbeddedBrokerStats,
} from "./embedded/embedded-broker.ts";
export { defaultEmbeddedLimits, type EmbeddedLimits } from "./embedded/limits.ts";
export { ListenError } from "./embedded/listeners.ts";
export type { BrokerTls } from "./embedded/tls-listener.ts";
export * from "./intake.ts";
export { defaultMosquittoAclOptions, type MosquittoAclOptions, mosquittoAcl } from "./mosquitto/mosquitto-acl.ts";
export { defaultMosquittoOptions, type MosquittoConfOptions, type MosquittoListener, mosquittoConf } from "./mosquitto/mosquitto-conf.ts";
export * from "./ports.ts";
export * from "./topics.ts";
