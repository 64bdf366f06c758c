import { FieldReader } from "./field-reader.ts";
import { filterFault } from "./text.ts";

/** Why a SUBSCRIBE or UNSUBSCRIBE body closes the connection, or the filters it names (QoS 0 throughout for UNSUBSCRIBE). */
export type FiltersOnWire =
  | { readonly kind: "filters"; readonly packetId: number; readonly filters: readonly RequestedFilter[] }
  | { readonly kind: "close"; readonly reason: string };
export interface RequestedFilter {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
}

/** `withQos`: SUBSCRIBE carries an options byte after each filter, UNSUBSCRIBE does not. */
export function decodeFilters(bytes: Buffer, start: number, end: number, withQos: boolean, filtersMax: number): FiltersOnWire {
  const fields = new FieldReader(bytes, start, end);
  const packetId = fields.uint16();
  if (packetId === undefined) return close("short_packet");
  if (packetId === 0) return close("packet_id_0");
  if (fields.done) return close("no_filter");
  const filters: RequestedFilter[] = [];
  while (!fields.done) {
    const filter = fields.text();
    if (filter === undefined) return close("bad_filter_text");
    const fault = filterFault(filter);
    if (fault !== undefined) return close(fault);
    const options = withQos ? fields.uint8() : 0;
    if (options === undefined) return close("short_packet");
    // The upper six bits are reserved and QoS 3 does not exist [MQTT-3.8.3-4].
    if (options > 2) return close("bad_subscribe_options");
    filters.push({ filter, qos: options as 0 | 1 | 2 });
    if (filters.length > filtersMax) return close("too_many_filters");
  }
  return { kind: "filters", packetId, filters };
}

function close(reason: string): FiltersOnWire {
  return { kind: "close", reason };
}
