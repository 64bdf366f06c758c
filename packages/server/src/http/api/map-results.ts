import type { MapOutcome, MapPublication, MapStatePage, MapStreamPage } from "@fleetcast/engine";
import type { StreamPosition } from "@fleetcast/protocol";
import { joinParts, jsonText } from "../../push/raw-json/write.ts";
import { type Part, rawPart, tagsMember } from "./results.ts";

/** Results of the map methods: zero values are left out, empty lists too. */

export function mapOutcomeJson({ position, suppressed }: MapOutcome): string {
  const why = suppressed === undefined ? [] : ['"suppressed":true', `"suppress_reason":${JSON.stringify(suppressed)}`];
  return `{${[...positionMembers(position), ...why].join(",")}}`;
}

export function mapStateJson({ entries, top, cursor }: MapStatePage): Uint8Array {
  return pageJson(entries, [...positionMembers(top), ...(cursor === "" ? [] : [`"cursor":${jsonText(cursor)}`])]);
}

export function mapStreamJson({ changes, top }: MapStreamPage): Uint8Array {
  return pageJson(changes, positionMembers(top));
}

function pageJson(entries: readonly MapPublication[], members: readonly string[]): Uint8Array {
  const parts: Part[] = ["{"];
  if (entries.length > 0) {
    parts.push('"entries":[');
    entries.forEach((entry, index) => {
      if (index > 0) parts.push(",");
      pushEntry(parts, entry);
    });
    parts.push(members.length === 0 ? "]" : "],");
  }
  parts.push(`${members.join(",")}}`);
  return joinParts(parts);
}

function pushEntry(parts: Part[], { key, data, tags, offset, removed, timeMs }: MapPublication): void {
  parts.push(`{"key":${jsonText(key)}`);
  if (data.length > 0) parts.push(',"data":', rawPart(data));
  const rest = [
    tagsMember(tags),
    offset === 0 ? "" : `"offset":${offset}`,
    removed === true ? '"removed":true' : "",
    timeMs === 0 ? "" : `"time":${timeMs}`,
  ];
  parts.push(`${rest.map((member) => (member === "" ? "" : `,${member}`)).join("")}}`);
}

function positionMembers({ offset, epoch }: StreamPosition): string[] {
  return [...(offset === 0 ? [] : [`"offset":${offset}`]), ...(epoch === "" ? [] : [`"epoch":${jsonText(epoch)}`])];
}
