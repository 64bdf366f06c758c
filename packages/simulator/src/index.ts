export { createFleet, type Fleet, type FleetOptions } from "./fleet.ts";
export { type RunningSimulator, runSimulator, type SimulatorOptions } from "./main.ts";
export { type LinkTls, mqttJsLinks } from "./mqtt-link.ts";
export type { ConnectDevice, DeviceLink, LinkRequest, OutgoingMessage, SimulatorClock } from "./ports.ts";
export { defaultTopicPatterns, type TopicPatterns } from "./topics.ts";
export type { FleetCounters } from "./virtual-machine.ts";
