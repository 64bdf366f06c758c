import { type Branch, writtenTree } from "../../config/print/whole-tree.ts";
import type { Written } from "../../config/settings.ts";

/** Sections of Centrifugo's file that are about clients and channels: they are the real one's when it serves the clients. */
const sections = [
  "client",
  "channel",
  "rpc",
  "proxies",
  "shared_poll",
  "websocket",
  "http_stream",
  "sse",
  "emulation",
  "uni_websocket",
  "uni_sse",
  "uni_http_stream",
  "uni_grpc",
  "init",
  "engine",
  "broker",
  "presence_manager",
  "map_broker",
  "controller",
  "node",
];

/** What the operator wrote for these sections, to be told to the real Centrifugo as it stands. */
export function passedOn(written: Written | undefined): Branch {
  if (written === undefined) return {};
  return writtenTree(written, (path) => sections.some((section) => path === section || path.startsWith(`${section}.`)));
}

/** `over` wins, section by section; namespaces are joined by name, proxies of `over` follow. */
export function merged(under: Branch, over: Branch): Branch {
  const result: Branch = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    if (isNamed(value) && isNamed(below)) result[key] = joined(below, value);
    else result[key] = isBranch(value) && isBranch(below) ? merged(below, value) : value;
  }
  return result;
}

type Named = Branch & { readonly name: string };

function joined(under: readonly Named[], over: readonly Named[]): Named[] {
  const byName = new Map(under.map((entry) => [entry.name, entry]));
  for (const entry of over) byName.set(entry.name, { ...merged(byName.get(entry.name) ?? {}, entry), name: entry.name });
  return [...byName.values()];
}

function isBranch(value: unknown): value is Branch {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNamed(value: unknown): value is readonly Named[] {
  return Array.isArray(value) && value.every((entry) => isBranch(entry) && typeof entry["name"] === "string");
}
