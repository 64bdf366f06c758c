import { randomInt, randomUUID } from "node:crypto";
import type { Chance } from "@fleetcast/engine";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const epochLength = 8;

/** Real chance: ids and epochs that nobody guesses. */
export const systemChance: Chance = {
  uuid: () => randomUUID(),
  epoch: () => Array.from({ length: epochLength }, () => letters[randomInt(letters.length)]).join(""),
  random: () => Math.random(),
};
