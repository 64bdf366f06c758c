import { invalid } from "./claim-values.ts";
import { sourceText } from "./json-source.ts";

/** A token taken apart; nothing of it is believed yet. */
export interface CompactToken {
  readonly text: string;
  readonly algorithm: string;
  /** "" where there is none. */
  readonly keyId: string;
  /** What the signature is over: header and payload as they were sent. */
  readonly signed: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

interface Header {
  readonly algorithm: string;
  readonly keyId: string;
}

/** A client frame holds 65,536 bytes; no token that came in one is longer. */
const tokenLengthMax = 65_536;

/**
 * Takes tokens apart. Nearly all tokens of one issuer begin with the very same header, so the last one is remembered.
 * @throws TokenRefusal, SyntaxError, TypeError or RangeError for what is no token
 */
export function compactReader(): (token: string) => CompactToken {
  let lastPart = "";
  let lastHeader: Header = { algorithm: "", keyId: "" };
  return (text) => {
    if (text.length > tokenLengthMax) throw invalid("the token is too long");
    const first = text.indexOf(".");
    const second = text.indexOf(".", first + 1);
    if (first < 0 || second < 0) throw invalid("not three parts");
    const headerPart = text.slice(0, first);
    const payloadPart = text.slice(first + 1, second);
    const signaturePart = text.slice(second + 1);
    if (!isCanonicalBase64Url(payloadPart) || !isCanonicalBase64Url(signaturePart)) throw invalid("not three parts of base64url");
    if (headerPart !== lastPart) {
      lastHeader = readHeader(headerPart);
      lastPart = headerPart;
    }
    return {
      text,
      algorithm: lastHeader.algorithm,
      keyId: lastHeader.keyId,
      signed: text.slice(0, second),
      payload: Buffer.from(payloadPart, "base64url"),
      signature: Buffer.from(signaturePart, "base64url"),
    };
  };
}

/** `{"` in base64url: how a header begins without white space, and the real server reads no other. */
const headerStart = "eyJ";

/** Headers that would change what is signed are refused (J5, a deviation); addresses of keys (`jku`, `x5u`, `jwk`) are not read. */
function readHeader(part: string): Header {
  if (!part.startsWith(headerStart) || !isCanonicalBase64Url(part)) throw invalid("the header is not base64url of an object");
  const header = JSON.parse(sourceText(Buffer.from(part, "base64url"))) as Readonly<Record<string, unknown>>;
  if ("crit" in header || ("b64" in header && header["b64"] !== true)) throw invalid("the header asks for an extension");
  for (const name of ["typ", "cty", "kid"]) {
    const value = header[name];
    if (value !== undefined && value !== null && typeof value !== "string") throw invalid("a header of the wrong type");
  }
  const { alg, kid } = header;
  if (!Object.hasOwn(header, "alg") || typeof alg !== "string") throw invalid("the header names no algorithm");
  return { algorithm: alg, keyId: Object.hasOwn(header, "kid") && typeof kid === "string" ? kid : "" };
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Exactly one spelling for each value: no padding, white space or other alphabet, and no bits set that belong to no
 * byte. A second spelling of one signature would be a second token with the same right (J1, J11, deviations).
 */
function isCanonicalBase64Url(part: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return false;
  const last = alphabet.indexOf(part.at(-1)!);
  switch (part.length % 4) {
    case 0:
      return true;
    case 2:
      return last % 16 === 0;
    case 3:
      return last % 4 === 0;
    default:
      return false;
  }
}
