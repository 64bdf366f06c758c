import type { StreamPosition } from "@fleetcast/protocol";
import { badRequest } from "../../push/channel-rules.ts";
import type { Fields } from "../../push/raw-json/fields.ts";
import { mapOutcomeJson, mapStateJson, mapStreamJson } from "./map-results.ts";
import type { Call } from "./method.ts";
import { readPublication } from "./read-publication.ts";

/** Keys of map channels over the server API (centrifugo-v6 sections 7.1 and 8.3). */

const int32Min = -(2 ** 31);
const int32Max = 2 ** 31 - 1;

export function mapPublish(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  const key = fields.text("key") ?? "";
  const keyMode = fields.text("key_mode");
  const publication = readPublication(fields);
  return async (push) => {
    if (publication === "bad base64") throw badRequest();
    const { data, tags, idempotencyKey, delta, version, versionEpoch } = publication;
    const request = { channel, key, data, tags, idempotencyKey, delta, version, versionEpoch, keyMode };
    return { json: mapOutcomeJson(await push.maps.publish(request)) };
  };
}

export function mapRemove(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  const key = fields.text("key") ?? "";
  const idempotencyKey = fields.text("idempotency_key") || undefined;
  return async (push) => ({ json: mapOutcomeJson(await push.maps.remove({ channel, key, idempotencyKey })) });
}

export function mapReadState(fields: Fields): Call {
  fields.flag("asc"); // only for orders that are not offered
  const request = {
    channel: fields.text("channel") ?? "",
    cursor: fields.text("cursor"),
    limit: fields.integer("limit", int32Min, int32Max) ?? 0,
    key: fields.text("key"),
    revision: readPosition(fields, "revision"),
  };
  return async (push) => ({ json: mapStateJson(await push.maps.readState(request)) });
}

export function mapReadStream(fields: Fields): Call {
  const request = {
    channel: fields.text("channel") ?? "",
    since: readPosition(fields, "since"),
    limit: fields.integer("limit", int32Min, int32Max) ?? 0,
    reverse: fields.flag("reverse"),
  };
  return async (push) => ({ json: mapStreamJson(await push.maps.readStream(request)) });
}

export function mapStats(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  return async (push) => {
    const { keys } = await push.maps.stats(channel);
    return { json: keys === 0 ? "{}" : `{"num_keys":${keys}}` };
  };
}

export function mapClear(fields: Fields): Call {
  const channel = fields.text("channel") ?? "";
  return async (push) => {
    await push.maps.clear(channel);
    return { json: "{}" };
  };
}

/** `since_offset` and `since_epoch`: one of them makes a position. */
function readPosition(fields: Fields, name: "since" | "revision"): StreamPosition | undefined {
  const offset = fields.integer(`${name}_offset`, 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const epoch = fields.text(`${name}_epoch`) ?? "";
  return offset === 0 && epoch === "" ? undefined : { offset, epoch };
}
