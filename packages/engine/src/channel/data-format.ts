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

/** May a client publish this? From a JSON client bytes that are not UTF-8 are a mistake that no text frame can carry on (C21). */
export function fitsFromClient(format: ChannelOptions["publicationDataFormat"], data: Uint8Array, wire: "json" | "protobuf"): boolean {
  return fitsFormat(format, data) && (wire !== "json" || isUtf8(data));
}

function isUtf8(data: Uint8Array): boolean {
  try {
    strictDecoder.decode(data);
    return true;
  } catch {
    return false;
  }
}
