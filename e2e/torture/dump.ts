import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Dump, DumpedPublication } from "../checker/ledger.ts";

/** Reads the store with nothing of the product in between: the files as a stopped server left them. */
export function dumpStore(dataDir: string): Dump {
  const database = new Database(join(dataDir, "journal.db"), { readonly: true });
  try {
    const rows = database
      .query<{ id: number; name: string; epoch: string; offset: number; data: Uint8Array }, []>(
        `SELECT publication.id, channel.name, channel.epoch, publication.offset, publication.data
           FROM publication JOIN channel ON channel.id = publication.channel_id
          WHERE channel.name LIKE 'telemetry:VM-K-%' ORDER BY publication.id`,
      )
      .all();
    const publications: DumpedPublication[] = rows.map((row) => {
      const data = JSON.parse(new TextDecoder().decode(row.data)) as { id: string; boot: string; seq: number };
      return {
        id: row.id,
        channel: row.name,
        offset: row.offset,
        epoch: row.epoch,
        sha256: sha256(row.data),
        vm: data.id,
        boot: data.boot,
        seq: data.seq,
      };
    });
    const deadLetters = database
      .query<{ vm: string | null; reason: string; payload: Uint8Array }, []>(`SELECT vm_id AS vm, reason, payload FROM dead_letter`)
      .all()
      .map((row) => ({ vm: row.vm, reason: row.reason, sha256: sha256(row.payload) }));
    return { publications, deadLetters };
  } finally {
    database.close();
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
