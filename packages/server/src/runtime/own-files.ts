import { fileURLToPath } from "node:url";

/** Where `bun build --compile` puts the files that it embeds; the second is its name on Windows. */
const insideExecutable = /^file:\/\/\/(?:\$bunfs|B:\/~BUN)\/root\//;
const workspace = new URL("../../../../", import.meta.url);

/**
 * A file or folder that comes with Fleetcast, by its place in the workspace. The single executable holds those that
 * `scripts/build-executable.ts` lists in a folder `own`, where `node:fs` reads them as from a disk.
 */
export function ownFile(place: string): string {
  const root = insideExecutable.exec(import.meta.url)?.[0];
  return fileURLToPath(new URL(root === undefined ? place : `own/${place}`, root ?? workspace));
}
