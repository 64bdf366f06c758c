import type { Policy } from "../checker/ledger.ts";

export const embeddedPolicy: Policy = { positions: "journal", mayBeTold: false, doublesPerEngineKill: 0 };
/** A killed Centrifugo forgets its memory: subscribers are told, and one publication a channel may come twice (N8). */
export const productionPolicy: Policy = { positions: "engine", mayBeTold: true, doublesPerEngineKill: 1 };

/** Fleetcast in two thirds of the cycles, Centrifugo in one third, Mosquitto never (D10). */
export const productionVictim = (cycle: number): "fleetcast" | "centrifugo" => (cycle % 3 === 0 ? "centrifugo" : "fleetcast");
