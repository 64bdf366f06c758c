import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Read when first asked for, then kept; a failed read is tried again. */
export function fileOnce(file: string): () => Promise<{ readonly text: string; readonly etag: string }> {
  let kept: { readonly text: string; readonly etag: string } | undefined;
  return async () => {
    if (kept === undefined) {
      const text = await readFile(file, "utf8");
      kept = { text, etag: `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"` };
    }
    return kept;
  };
}
