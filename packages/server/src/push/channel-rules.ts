import type { ChannelOptions, EngineOptions } from "@fleetcast/engine";
import { PushError } from "./push-engine.ts";
import { isJson, skipSpace } from "./raw-json/scan.ts";

/** Errors of the server API with their texts (centrifugo-v6 section 6.4). */
export const internalError = (cause?: unknown) => new PushError(100, "internal server error", { cause });
export const unknownChannel = () => new PushError(102, "unknown channel");
export const notFound = () => new PushError(104, "not found");
export const badRequest = () => new PushError(107, "bad request");
export const notAvailable = () => new PushError(108, "not available");
export const unrecoverablePosition = () => new PushError(112, "unrecoverable position");

/** The part of a channel before its first boundary, one leading private prefix taken off; "" where there is none. */
export function namespaceOf(options: EngineOptions, channel: string): string {
  const start = options.privatePrefix !== "" && channel.startsWith(options.privatePrefix) ? options.privatePrefix.length : 0;
  const end = channel.indexOf(options.namespaceBoundary, start);
  return end < 0 ? "" : channel.slice(start, end);
}

/** Options of a channel, or undefined where its namespace is not configured. */
export function optionsOf(options: EngineOptions, channel: string): ChannelOptions | undefined {
  const start = options.privatePrefix !== "" && channel.startsWith(options.privatePrefix) ? options.privatePrefix.length : 0;
  const end = channel.indexOf(options.namespaceBoundary, start);
  // A name that begins with the boundary has no namespace either.
  return end <= start ? options.withoutNamespace : options.namespaces.get(channel.slice(start, end));
}

/** Like `optionsOf`, but refuses: no channel 107, unknown namespace 102. */
export function requireOptions(options: EngineOptions, channel: string): ChannelOptions {
  if (channel === "") throw badRequest();
  const found = optionsOf(options, channel);
  if (found === undefined) throw unknownChannel();
  return found;
}

/** Why a publication into a channel is refused before anything else looks at it: no channel or unfit data 107, unknown namespace 102. */
export function refusalOf(options: EngineOptions, channel: string, data: Uint8Array): PushError | undefined {
  if (channel === "") return badRequest();
  const found = optionsOf(options, channel);
  if (found === undefined) return unknownChannel();
  return fitsFormat(found.publicationDataFormat, data) ? undefined : badRequest();
}

/** A plain publication is for streams: 107 for any other type of channel. Broadcasts are not asked, as in the real server. */
export function refusalOfType(options: EngineOptions, channel: string): PushError | undefined {
  return optionsOf(options, channel)?.subscriptionType === "stream" ? undefined : badRequest();
}

/** Whether `data` may be published under the namespace's `publication_data_format`; "" takes all that is not empty. */
export function fitsFormat(format: ChannelOptions["publicationDataFormat"], data: Uint8Array): boolean {
  switch (format) {
    case "binary":
      return true;
    case "":
      return data.length > 0;
    case "json":
      return isJson(data);
    case "json_object":
      return data[skipSpace(data, 0)] === 0x7b && isJson(data);
  }
}
