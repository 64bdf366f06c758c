import type { MapCalls, MapOutcome, MapPublication, MapSuppression } from "@fleetcast/engine";
import type { Fields } from "../raw-json/fields.ts";
import type { CentrifugoCall } from "./centrifugo-api.ts";
import { count, elements, position, withPayloads } from "./forward-parts.ts";

/** Map channels live in Centrifugo's own map broker: calls go through as they are. */
export function forwardedMaps(call: CentrifugoCall): MapCalls {
  return {
    async publish({ channel, key, data, tags, idempotencyKey, delta, version, versionEpoch, keyMode }) {
      const request = {
        channel,
        key,
        tags,
        delta,
        version,
        idempotency_key: idempotencyKey,
        version_epoch: versionEpoch,
        key_mode: keyMode,
      };
      return outcome(await call("map_publish", withPayloads(request, { data })));
    },
    async remove({ channel, key, idempotencyKey }) {
      return outcome(await call("map_remove", JSON.stringify({ channel, key, idempotency_key: idempotencyKey })));
    },
    async readState({ channel, limit, cursor, key, revision }) {
      const request = { channel, limit, cursor, key, revision_offset: revision?.offset, revision_epoch: revision?.epoch };
      const result = await call("map_read_state", JSON.stringify(request));
      return { entries: elements(result, "entries").map(entry), top: position(result), cursor: result.text("cursor") ?? "" };
    },
    async readStream({ channel, limit, since, reverse }) {
      const request = { channel, limit, reverse, since_offset: since?.offset, since_epoch: since?.epoch };
      const result = await call("map_read_stream", JSON.stringify(request));
      return { changes: elements(result, "entries").map(entry), top: position(result) };
    },
    async stats(channel) {
      return { keys: count(await call("map_stats", JSON.stringify({ channel })), "num_keys") };
    },
    async clear(channel) {
      await call("map_clear", JSON.stringify({ channel }));
    },
  };
}

function outcome(result: Fields): MapOutcome {
  const why = result.flag("suppressed") === true ? result.text("suppress_reason") : undefined;
  // The reason is passed on word for word, also one that a later Centrifugo invents.
  return { position: position(result), ...(why === undefined ? {} : { suppressed: why as MapSuppression }) };
}

function entry(fields: Fields): MapPublication {
  return {
    key: fields.text("key") ?? "",
    data: fields.raw("data") ?? new Uint8Array(),
    offset: count(fields, "offset"),
    tags: fields.textMap("tags"),
    removed: fields.flag("removed"),
    timeMs: count(fields, "time"),
  };
}
