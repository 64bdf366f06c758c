import type { PublishRequest } from "../../push/push-engine.ts";
import type { Fields } from "../../push/raw-json/fields.ts";
import { decodeBase64, ownBytes } from "./field-values.ts";

/** The payload is cut out of the body as it stands; `b64data` wins over `data`. */
export function readPublication(fields: Fields): Omit<PublishRequest, "channel"> | "bad base64" {
  const raw = fields.raw("data");
  const encoded = fields.text("b64data") ?? "";
  const publication = {
    tags: fields.textMap("tags"),
    skipHistory: fields.flag("skip_history"),
    idempotencyKey: fields.text("idempotency_key") || undefined,
    delta: fields.flag("delta"),
    version: fields.integer("version", 0, Number.MAX_SAFE_INTEGER) || undefined,
    versionEpoch: fields.text("version_epoch") || undefined,
  };
  const data = encoded === "" ? ownBytes(raw) : decodeBase64(encoded);
  return data === undefined ? "bad base64" : { ...publication, data };
}
