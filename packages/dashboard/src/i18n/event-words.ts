import type { FleetEvent } from "@fleetcast/protocol";
import { useCallback } from "react";
import { asNumber, asRecord, asText } from "../live/telemetry.ts";
import { type Format, useFormat } from "./format.ts";
import { useCodeText } from "./use-text.ts";

export interface EventWords {
  readonly title: string;
  /** The few facts of its data that a person wants at a glance; "" where there are none. */
  readonly detail: string;
}

type CodeText = (prefix: string, code: string) => string;

/** An event in words. Its data is a machine's own: what is not understood is left out, never shown raw. */
export function eventWords(event: Pick<FleetEvent, "type" | "data">, codeText: CodeText, format: Format): EventWords {
  const data = asRecord(event.data);
  return { title: codeText("event", codeOf(event.type, data)), detail: detailsOf(data, format).join(" · ") };
}

/** One type may be two things: a door that opens and one that closes, an alarm that comes and one that goes. */
function codeOf(type: string, data: Readonly<Record<string, unknown>> | null): string {
  if (data === null) return type;
  if (type === "door" && typeof data["open"] === "boolean") return data["open"] ? "door_open" : "door_closed";
  const rule = asText(data["rule"]);
  if (type === "alarm" && rule !== null) return data["state"] === "cleared" || data["cleared"] === true ? `${rule}_cleared` : rule;
  return type;
}

function detailsOf(data: Readonly<Record<string, unknown>> | null, format: Format): string[] {
  if (data === null) return [];
  const details: string[] = [];
  const product = asText(data["product"]);
  if (product !== null) details.push(product);
  const price = asNumber(data["price"]);
  const currency = asText(data["currency"]);
  if (price !== null) details.push(currency === null ? format.decimal(price) : format.money(price, currency));
  const strength = asNumber(data["strength_g"]);
  if (strength !== null) details.push(`${format.decimal(strength)} g`);
  const temperature = asNumber(data["temperature_c"]) ?? asNumber(data["temp_c"]);
  if (temperature !== null) details.push(`${format.decimal(temperature)} °C`);
  return details;
}

export function useEventWords(): (event: Pick<FleetEvent, "type" | "data">) => EventWords {
  const codeText = useCodeText();
  const format = useFormat();
  return useCallback((event) => eventWords(event, codeText, format), [codeText, format]);
}
