import { SignJWT } from "jose";
import { TOKEN_SECRET } from "./fleetcast.ts";

/** A token as an operator's own backend signs it: the claims of the user's document, with `exp` an hour ahead. */
export async function bearerToken(claims: Readonly<Record<string, unknown>>, secret = TOKEN_SECRET): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  return await new SignJWT({ exp, ...claims }).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(new TextEncoder().encode(secret));
}
