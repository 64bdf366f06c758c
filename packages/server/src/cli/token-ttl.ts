import type { Command } from "commander";
import { NoSigningKey } from "../auth/tokens/signer.ts";
import { parseDuration } from "../config/duration.ts";
import { CommandRefused, type CommonFlags, print, withCommonFlags } from "./context.ts";

/** What the two commands that sign a token have in common. */
export interface TokenFlags extends CommonFlags {
  readonly user: string;
  readonly ttl: string;
  readonly quiet?: boolean;
}

export function withTokenFlags(command: Command): Command {
  return withCommonFlags(command)
    .requiredOption("-u, --user <id>", 'user id, the claim sub; "" for nobody')
    .option("-t, --ttl <time>", 'how long it holds, in seconds or as "12h"; -1: for ever', "168h")
    .option("-q, --quiet", "print the token without a line end");
}

/** Prints what `sign` makes, which may have no key to do it with. */
export function printToken(flags: TokenFlags, key: string, sign: (ttlS: number | undefined) => { readonly token: string }): void {
  const ttlS = secondsOf(flags.ttl);
  try {
    const { token } = sign(ttlS);
    if (flags.quiet === true) process.stdout.write(token);
    else print(token);
  } catch (cause) {
    if (!(cause instanceof NoSigningKey)) throw cause;
    throw new CommandRefused(`${key} is not set, so nothing can be signed; sign with your own key where that is RSA, ECDSA or a key set`, {
      cause,
    });
  }
}

/** One year: what the verifier honours at most. */
const ttlSMax = 365 * 86_400;

function secondsOf(text: string): number | undefined {
  if (text === "-1") return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.round((parseDuration(text) ?? 0) / 1_000);
  if (seconds < 1 || seconds > ttlSMax)
    throw new CommandRefused(`--ttl ${text}: expected 1 to ${ttlSMax} seconds, a duration such as 12h, or -1`);
  return seconds;
}
