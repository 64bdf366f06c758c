import type { TokenFailure } from "@fleetcast/engine";
import type { Command } from "commander";
import { keySetFetch } from "../auth/tokens/jwks/fetch-key-set.ts";
import { createTokenVerifier } from "../auth/tokens/verifier.ts";
import type { Config } from "../config/config.ts";
import { createDestinations } from "../outgoing/destinations.ts";
import { createOutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { systemClock } from "../runtime/clock.ts";
import { CommandRefused, type CommonFlags, complain, load, print, withCommonFlags } from "./context.ts";

/** `fleetcast checktoken TOKEN`: what a connect with this token would be told. */
export function checktokenCommand(program: Command): void {
  withCommonFlags(program.command("checktoken").argument("<token>"))
    .description("check a connection token as a connect would")
    .action(async (token: string, flags: CommonFlags) => {
      const verdict = await verifierOf(load(flags, { writeSecrets: false }).config).connection(token);
      if (!verdict.ok) throw notHeld(verdict.why, token);
      print(`valid token for ${userWords(verdict.claims.user)}`);
      print(`claims: ${payloadOf(token)}`);
    });
}

/** `fleetcast checksubtoken TOKEN`: the same for a subscribe. */
export function checksubtokenCommand(program: Command): void {
  withCommonFlags(program.command("checksubtoken").argument("<token>"))
    .description("check a subscription token as a subscribe would")
    .action(async (token: string, flags: CommonFlags) => {
      const verdict = await verifierOf(load(flags, { writeSecrets: false }).config).subscription(token);
      if (!verdict.ok) throw notHeld(verdict.why, token);
      print(`valid subscription token for ${userWords(verdict.claims.user)} and channel ${JSON.stringify(verdict.claims.channel)}`);
      print(`claims: ${payloadOf(token)}`);
    });
}

function verifierOf(config: Config): ReturnType<typeof createTokenVerifier> {
  const destinations = createDestinations({ clock: systemClock, privateNetworks: config.outgoing.privateNetworks });
  return createTokenVerifier(config.client, {
    clock: systemClock,
    fetchKeySet: keySetFetch(createOutgoingFetch({ clock: systemClock, destinations })),
    warn: (message, cause) => complain(`fleetcast: ${message}: ${cause instanceof Error ? cause.message : String(cause)}`),
  });
}

const reasons: Readonly<Record<TokenFailure, string>> = {
  invalid: "not valid: its form, signature, audience, issuer or a claim is wrong (a client is told 3500, or 103 at a subscribe)",
  expired: "expired, or not yet begun (a client is told 109)",
  internal: "could not be judged (a client is told 3004, or 100 at a subscribe)",
};

function notHeld(why: TokenFailure, token: string): CommandRefused {
  const claims = payloadOf(token);
  return new CommandRefused(`the token is ${reasons[why]}${claims === undefined ? "" : `; its claims: ${claims}`}`);
}

function userWords(user: string): string {
  return user === "" ? "nobody (an anonymous user)" : `user ${JSON.stringify(user)}`;
}

/** What the middle part says; nothing is believed by reading it. */
function payloadOf(token: string): string | undefined {
  const part = token.split(".")[1];
  if (part === undefined || !/^[A-Za-z0-9_-]+$/.test(part)) return undefined;
  // On one line, and without what a terminal would obey.
  return Buffer.from(part, "base64url")
    .toString("utf8")
    .replaceAll(/\p{Cc}/gu, " ");
}
