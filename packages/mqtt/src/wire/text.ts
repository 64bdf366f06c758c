import { topicBytesMax, topicLevelsMax } from "../topics.ts";

/**
 * Strings of the wire. MQTT forbids U+0000 and ill-formed UTF-8 [MQTT-1.5.3]; like Mosquitto we also refuse control
 * characters and non-characters. Decoding leniently would turn two different topics into one (D6).
 */

const fatalUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text, or undefined where it is not allowed on the wire. */
export function decodeText(bytes: Buffer, start: number, end: number): string | undefined {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte > 0x7e) return decodeRareText(bytes.subarray(start, end));
  }
  return bytes.toString("latin1", start, end);
}

function decodeRareText(bytes: Buffer): string | undefined {
  let text: string;
  try {
    text = fatalUtf8.decode(bytes);
  } catch {
    // Ill-formed: the only thing `fatal` throws for.
    return undefined;
  }
  for (const character of text) {
    if (isForbidden(character.codePointAt(0) ?? 0)) return undefined;
  }
  return text;
}

function isForbidden(codePoint: number): boolean {
  const control = codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f);
  const nonCharacter = (codePoint >= 0xfdd0 && codePoint <= 0xfdef) || (codePoint & 0xfffe) === 0xfffe;
  return control || nonCharacter;
}

/** Why this cannot be a topic to publish to, or undefined when it can (table M: M1, M4-M6, M10). */
export function topicFault(bytes: Buffer, start: number, end: number): string | undefined {
  if (end === start) return "empty_topic";
  if (end - start > topicBytesMax) return "topic_too_long";
  let levels = 1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === slash) levels++;
    else if (byte === plus || byte === hash) return "wildcard_in_topic";
  }
  return levels > topicLevelsMax ? "topic_too_deep" : undefined;
}

/** Why this cannot be a subscription filter (M11, M14): wildcards stand alone in their level, `#` only in the last. */
export function filterFault(filter: string): string | undefined {
  if (filter === "") return "empty_filter";
  if (Buffer.byteLength(filter) > topicBytesMax) return "filter_too_long";
  const levels = filter.split("/");
  if (levels.length > topicLevelsMax) return "filter_too_deep";
  for (const [index, level] of levels.entries()) {
    if (level === "+") continue;
    if (level === "#" && index === levels.length - 1) continue;
    if (level.includes("+") || level.includes("#")) return "malformed_filter";
  }
  return undefined;
}

const slash = 0x2f;
const plus = 0x2b;
const hash = 0x23;
