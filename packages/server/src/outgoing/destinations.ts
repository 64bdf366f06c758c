import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "@fleetcast/engine";
import { kindOf, withinNetworks } from "./addresses.ts";

/**
 * Which addresses a request may go to. A name is resolved, every address is judged, and the connection then goes to an address
 * that passed: a name that changes its address in between changes nothing (S5).
 */
export interface Destinations {
  /**
   * `as written`: the configuration names the address itself, or `localhost`.
   * At once where the name was resolved a moment ago.
   * @throws DestinationRefused where no address may be asked, or the name has none
   */
  find(hostname: string, rule: DestinationRule): Destination | Promise<Destination>;
}

export type Destination = { readonly kind: "as written" } | { readonly kind: "addresses"; readonly addresses: readonly string[] };

/**
 * `configured`: the operator wrote this host, so it may be one of the operator's own network; but a name that was public when it
 * was first asked does not become private later. `public`: something foreign took part in choosing the host.
 */
export type DestinationRule = "configured" | "public";

export class DestinationRefused extends Error {
  override readonly name = "DestinationRefused";
}

export interface DestinationPorts {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Networks that every name may lead to (`server.private_networks`). */
  readonly privateNetworks?: readonly string[] | undefined;
  /** All addresses of a name. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
}

/** How long the addresses of a name are used before it is asked for again. */
const resolvedAgeMsMax = 10_000;

interface Resolved {
  readonly addresses: readonly string[];
  readonly atMs: number;
}

export function createDestinations({ clock, privateNetworks = [], resolve = resolveName }: DestinationPorts): Destinations {
  const isListed = withinNetworks(privateNetworks);
  const resolved = new Map<string, Resolved>();
  const resolving = new Map<string, Promise<Resolved>>();
  /** Configured names that were public when they were first asked for. */
  const publicNames = new Set<string>();
  const knownNames = new Set<string>();

  function addressesOf(name: string): Resolved | Promise<Resolved> {
    const known = resolved.get(name);
    if (known !== undefined && clock.monotonicMs() - known.atMs < resolvedAgeMsMax) return known;
    const underway = resolving.get(name) ?? ask(name).finally(() => resolving.delete(name));
    resolving.set(name, underway);
    return underway;
  }

  async function ask(name: string): Promise<Resolved> {
    const answer = { addresses: await resolve(name), atMs: clock.monotonicMs() };
    resolved.delete(name);
    resolved.set(name, answer);
    // Names come from the configuration; the bound is for templates with many values.
    if (resolved.size > namesMax) resolved.delete(resolved.keys().next().value!);
    return answer;
  }

  /** Of the addresses of a name those that may be asked. */
  function judged(name: string, rule: DestinationRule, addresses: readonly string[]): Destination {
    const kinds = addresses.map(kindOf);
    if (rule === "configured" && !knownNames.has(name) && addresses.length > 0) {
      knownNames.add(name);
      if (!kinds.includes("private")) publicNames.add(name);
    }
    const mayBePrivate = rule === "configured" && !publicNames.has(name);
    const passed = addresses.filter(
      (address, index) => kinds[index] === "public" || (kinds[index] === "private" && mayBePrivate) || isListed(address),
    );
    if (passed.length > 0) return { kind: "addresses", addresses: passed };
    throw new DestinationRefused(
      addresses.length === 0 ? `${name} has no address` : `${name} leads to ${addresses[0]}, which may not be asked`,
    );
  }

  return {
    find: (hostname, rule) => {
      const name = bare(hostname);
      if (rule === "configured" && isSaidOutright(name)) return asWritten;
      if (isIP(name) !== 0) return judged(name, rule, [name]);
      const known = addressesOf(name);
      return known instanceof Promise ? known.then(({ addresses }) => judged(name, rule, addresses)) : judged(name, rule, known.addresses);
    },
  };
}

const asWritten: Destination = { kind: "as written" };
const namesMax = 1_000;

/** The brackets of an IPv6 address and the dot at a name's end say nothing more. */
function bare(hostname: string): string {
  return hostname
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")
    .toLowerCase();
}

function isSaidOutright(name: string): boolean {
  return isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost");
}

async function resolveName(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}
