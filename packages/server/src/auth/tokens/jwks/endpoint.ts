import type { TokenConfig } from "../../../config/config.ts";
import { TokenKeyError, type TokenSection } from "../keys.ts";
import { namedGroups, usesCharacterClasses } from "./literal-groups.ts";

/** Where the key set of a token is: one address, or one of a list that the operator wrote (S5). */
export interface KeySetEndpoint {
  /** The address is the same for every token, so nothing of a token is looked at before its signature. */
  readonly fixed: string | undefined;
  /** The address for what the named groups took; undefined where it is none that may be asked. */
  addressFor(groups: ReadonlyMap<string, string>): string | undefined;
  /** A token takes part in the choice of the host. */
  readonly hostVaries: boolean;
}

const placeholder = /\{\{([^{}]*)\}\}/g;

/**
 * `client.token.jwks_public_endpoint`. A `{{group}}` in it is filled with what a named group of the regular expressions took from
 * a token that nobody has verified yet; so the group must be a list of literals, and the list of addresses is then the operator's
 * own (J8, CVE-2026-32301).
 * @throws TokenKeyError
 */
export function keySetEndpoint(config: TokenConfig, section: TokenSection): KeySetEndpoint {
  const template = config.jwksPublicEndpoint;
  const key = `${section}.jwks_public_endpoint`;
  const names = [...template.matchAll(placeholder)].map((match) => match[1]!);
  if (!isWebAddress(template.replaceAll(placeholder, "x"))) throw new TokenKeyError(`${key} is not an http or https address`);
  if (names.length === 0) return { fixed: template, addressFor: () => template, hostVaries: false };
  checkGroups(config, section, new Set(names));
  return {
    fixed: undefined,
    hostVaries: hostHasPlaceholder(template),
    addressFor: (groups) => {
      const address = template.replaceAll(placeholder, (_whole, name: string) => groups.get(name) ?? "");
      return isWebAddress(address) && meansWhatItSays(address) ? address : undefined;
    },
  };
}

function isWebAddress(address: string): boolean {
  return /^https?:\/\/[^/?#\\]/i.test(address) && URL.canParse(address);
}

/** A host as it will be asked: no user name before it, nothing that a parser would read in another way. */
const plainHost = /^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d+)?(?=[/?#]|$)/i;

/** A plain host, and no path that means another path. */
function meansWhatItSays(address: string): boolean {
  const path = address.replace(/^[a-z]+:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "");
  const segments = path.split("/").slice(1);
  const isClean = segments.every(
    (segment, index) => !/^\.{1,2}$/.test(segment.replaceAll(/%2e/gi, ".")) && (segment !== "" || index === segments.length - 1),
  );
  return plainHost.test(address) && isClean && !address.includes("\\");
}

function hostHasPlaceholder(template: string): boolean {
  return template
    .replace(/^[a-z]+:\/\//i, "")
    .split(/[/?#]/)[0]!
    .includes("{{");
}

function checkGroups(config: TokenConfig, section: TokenSection, names: ReadonlySet<string>): void {
  const skipped = config.insecureSkipJwksEndpointSafetyCheck;
  const known = new Set<string>();
  for (const [option, source] of Object.entries({ audience_regex: config.audienceRegex, issuer_regex: config.issuerRegex })) {
    const advice = "an explicit list of allowed values is needed, such as (?P<tenant>one|two)";
    if (source !== "" && !skipped && usesCharacterClasses(source)) {
      throw new TokenKeyError(
        `${section}.${option} has a class of characters, which is not allowed beside ${section}.jwks_public_endpoint with {{...}}; ${advice}`,
      );
    }
    for (const [name, isLiteral] of namedGroups(source)) {
      known.add(name);
      if (names.has(name) && !isLiteral && !skipped) {
        throw new TokenKeyError(
          `${section}.${option}: the group ${name} goes into ${section}.jwks_public_endpoint before a token is verified; ${advice}`,
        );
      }
    }
  }
  for (const name of names) {
    if (!known.has(name)) throw new TokenKeyError(`${section}.jwks_public_endpoint: no regular expression has a group named ${name}`);
  }
}
