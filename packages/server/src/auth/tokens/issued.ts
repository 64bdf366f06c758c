import { RE2JS } from "re2js";
import type { TokenConfig } from "../../config/config.ts";
import { TokenKeyError, type TokenSection } from "./keys.ts";

/** What a token says about who made it and for whom. */
export interface Issued {
  readonly audience?: readonly string[] | undefined;
  readonly issuer?: string | undefined;
}

/**
 * What `audience`, `issuer` or their regular expressions ask for. A regular expression is RE2, in linear time (D27), and not
 * anchored by itself (J8).
 */
export interface IssuedRule {
  accepts(issued: Issued): boolean;
  /** What the named groups of the regular expressions took, "" where one took no part; undefined where they do not match. */
  groups(issued: Issued): ReadonlyMap<string, string> | undefined;
}

/** No rule: every maker is as good. */
export const issuedByAnyone: IssuedRule = { accepts: () => true, groups: () => new Map() };

/** @throws TokenKeyError for an expression that is none, or that stands beside its plain twin (K4) */
export function issuedRule(config: TokenConfig, section: TokenSection): IssuedRule {
  const { audience, issuer } = config;
  const audiencePattern = pattern(config.audienceRegex, audience, `${section}.audience`);
  const issuerPattern = pattern(config.issuerRegex, issuer, `${section}.issuer`);
  if (audience === "" && issuer === "" && audiencePattern === undefined && issuerPattern === undefined) return issuedByAnyone;

  const groups = (issued: Issued): ReadonlyMap<string, string> | undefined => {
    const found = new Map<string, string>();
    if (issuerPattern !== undefined && !issuerPattern(issued.issuer ?? "", found)) return undefined;
    // The first element that matches speaks for the token.
    if (audiencePattern !== undefined && issued.audience?.some((one) => audiencePattern(one, found)) !== true) return undefined;
    return found;
  };
  return {
    groups,
    accepts: (issued) =>
      (audience === "" || issued.audience?.includes(audience) === true) &&
      (issuer === "" || issued.issuer === issuer) &&
      groups(issued) !== undefined,
  };
}

/** Does the text match? Then its named groups are put into `found`. */
type Pattern = (text: string, found: Map<string, string>) => boolean;

function pattern(source: string, plain: string, name: string): Pattern | undefined {
  if (source === "") return undefined;
  if (plain !== "") throw new TokenKeyError(`${name} and ${name}_regex are both set; one of them can hold`);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch {
    throw new TokenKeyError(`${name}_regex is not a regular expression in RE2 syntax`);
  }
  const names = Object.entries(compiled.namedGroups());
  return (text, found) => {
    const matcher = compiled.matcher(text);
    if (!matcher.find()) return false;
    for (const [group, index] of names) found.set(group, matcher.group(index) ?? "");
    return true;
  };
}
