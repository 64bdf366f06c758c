import { createHmac, timingSafeEqual } from "node:crypto";

/** A JSON Web Token with HS256, as section 2.1 of the document has it. */
export function signToken(claims: Readonly<Record<string, unknown>>, secret: string): string {
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${signature(signed, secret)}`;
}

/** The claims of a token of ours, or undefined when it is none or its time is over. */
export function openToken(token: string, secret: string): Readonly<Record<string, unknown>> | undefined {
  const at = token.lastIndexOf(".");
  if (at < 0 || !sameText(token.slice(at + 1), signature(token.slice(0, at), secret))) return undefined;
  const claims = JSON.parse(Buffer.from(token.slice(0, at).split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
  return typeof claims["exp"] === "number" && claims["exp"] * 1_000 > Date.now() ? claims : undefined;
}

/** Compares in constant time: how long it takes says nothing about where two secrets differ. */
export function sameText(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHmac("sha256", "compare").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function signature(signed: string, secret: string): string {
  return createHmac("sha256", secret).update(signed).digest("base64url");
}
