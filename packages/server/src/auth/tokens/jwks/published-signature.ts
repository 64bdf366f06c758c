import type { Clock } from "@fleetcast/engine";
import type { TokenConfig } from "../../../config/config.ts";
import { readIssued } from "../claims.ts";
import type { CompactToken } from "../compact.ts";
import type { IssuedRule } from "../issued.ts";
import type { TokenSection } from "../keys.ts";
import type { SignatureCheck } from "../signature-check.ts";
import { keySetEndpoint } from "./endpoint.ts";
import { createKeySets } from "./key-sets.ts";

/**
 * Tokens whose keys are published at an address. The key is the one that the set names by the token's `kid`; a token without one is
 * invalid. Where the address depends on the token, its maker must be one whom the regular expressions accept before anything is
 * asked (J8).
 * @throws TokenKeyError
 */
export function publishedSignature(
  config: TokenConfig,
  section: TokenSection,
  issued: IssuedRule,
  ports: {
    readonly clock: Pick<Clock, "monotonicMs">;
    readonly fetchKeySet?: ((address: string, hostVaries: boolean) => Promise<Uint8Array>) | undefined;
    readonly warn?: ((message: string, cause: unknown) => void) | undefined;
  },
): SignatureCheck {
  const endpoint = keySetEndpoint(config, section);
  const { fetchKeySet } = ports;
  if (fetchKeySet === undefined) return () => false;
  const findKey = createKeySets({
    clock: ports.clock,
    warn: ports.warn ?? (() => {}),
    fetchKeySet: (address) => fetchKeySet(address, endpoint.hostVaries),
  });
  const addressOf = (token: CompactToken): string | undefined => {
    if (endpoint.fixed !== undefined) return endpoint.fixed;
    const groups = issued.groups(readIssued(token.payload));
    return groups === undefined ? undefined : endpoint.addressFor(groups);
  };
  return (token) => {
    if (token.keyId === "") return false;
    const address = addressOf(token);
    if (address === undefined) return false;
    const found = findKey(address, token.keyId);
    return found instanceof Promise
      ? found.then((key) => key?.check(token.algorithm)?.(token) ?? false)
      : (found?.check(token.algorithm)?.(token) ?? false);
  };
}
