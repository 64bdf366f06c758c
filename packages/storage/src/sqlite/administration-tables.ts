import type { Database, Statement } from "bun:sqlite";
import type { JournalRecord } from "../journal.ts";

/** Rows of the audit that are kept: years of what people do. */
const auditRowsMax = 100_000;

type Of<Kind extends JournalRecord["kind"]> = JournalRecord & { readonly kind: Kind };

/** Who is shut out, and who did what. Prepared when first needed: most batches hold neither. */
export class AdministrationTables {
  readonly #db: Database;
  #prepared: { readonly upsert: Statement; readonly end: Statement; readonly forgetPast: Statement } | undefined;
  #preparedAudit: { readonly insert: Statement; readonly forgetOld: Statement } | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  revocation({ what, subject, beforeS, untilMs, by, reason, ended }: Of<"revocation">, atMs: number): void {
    this.#prepared ??= {
      upsert: this.#db.prepare(
        `INSERT INTO revocation (what, subject, before_s, until, at, by, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (what, subject) DO UPDATE SET before_s = excluded.before_s, until = excluded.until, at = excluded.at,
           by = excluded.by, reason = excluded.reason`,
      ),
      end: this.#db.prepare("DELETE FROM revocation WHERE what = ? AND subject = ?"),
      forgetPast: this.#db.prepare("DELETE FROM revocation WHERE until <= ?"),
    };
    this.#prepared.forgetPast.run(atMs);
    if (ended) this.#prepared.end.run(what, subject);
    else this.#prepared.upsert.run(what, subject, beforeS, untilMs, atMs, by, reason);
  }

  audit({ actor, action, target, detail, address }: Of<"audit">, atMs: number): void {
    this.#preparedAudit ??= {
      insert: this.#db.prepare("INSERT INTO audit (at, actor, action, target, detail, address) VALUES (?, ?, ?, ?, ?, ?)"),
      forgetOld: this.#db.prepare("DELETE FROM audit WHERE id <= ?"),
    };
    const { lastInsertRowid } = this.#preparedAudit.insert.run(atMs, actor, action, target, detail, address);
    this.#preparedAudit.forgetOld.run(Number(lastInsertRowid) - auditRowsMax);
  }
}
