import type { Family } from "../family.ts";
import { centrifugoFamilies } from "./centrifugo.ts";
import { fleetcastFamilies } from "./fleetcast.ts";
import { processFamilies } from "./process.ts";

export const allFamilies: readonly Family[] = [centrifugoFamilies, fleetcastFamilies, processFamilies].flatMap((table) =>
  Object.values(table),
);
