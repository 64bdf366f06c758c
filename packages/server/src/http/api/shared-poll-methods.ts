import type { Fields } from "../../push/raw-json/fields.ts";
import { decodeBase64, ownBytes } from "./field-values.ts";
import { type Call, done } from "./method.ts";

/** A new value of a shared poll's key over the server API (centrifugo-v6 section 8.3). */
export function sharedPollPublish(fields: Fields): Call {
  const encoded = fields.text("b64data") ?? "";
  const raw = fields.raw("data");
  const request = {
    channel: fields.text("channel") ?? "",
    key: fields.text("key") ?? "",
    version: fields.integer("version", 0, Number.MAX_SAFE_INTEGER) ?? 0,
    epoch: fields.text("epoch") ?? "",
    // Bad base64 is found out behind everything that is wrong with the channel.
    data: encoded === "" ? ownBytes(raw) : decodeBase64(encoded),
  };
  return async (push) => {
    await push.sharedPollPublish(request);
    return done;
  };
}
