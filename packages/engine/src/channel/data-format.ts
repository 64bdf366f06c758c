import { isJsonObjectPayload, isJsonPayload } from "@fleetcast/protocol";
import type { ChannelOptions } from "../options.ts";

const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** `publication_data_format`. Without one anything but emptiness is accepted. */
export function fitsFormat(format: ChannelOptions["publicationDataFormat"], data: Uint8Array): boolean {
  switch (format) {
    case "":
      return data.length > 0;
    case "json":
      return isJsonPayload(data);
    case "json_object":
      return isJsonObjectPayload(data);
    case "binary":
      return true;
  }
}

export function isUtf8(data: Uint8Array): boolean {
  try {
    strictDecoder.decode(data);
    return true;
  } catch {
    return false;
  }
}
