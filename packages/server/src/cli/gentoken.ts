import type { Command } from "commander";
import { createTokenSigner, NoSigningKey } from "../auth/tokens/signer.ts";
import { parseDuration } from "../config/duration.ts";
import { systemClock } from "../runtime/clock.ts";
import { CommandRefused, type CommonFlags, load, print, withCommonFlags } from "./context.ts";

interface Flags extends CommonFlags {
  readonly user: string;
  readonly ttl: string;
  readonly channel?: string[];
  readonly vms?: string[];
  readonly info?: string;
}

/** `fleetcast gentoken`: a connection token as your own backend would sign it, for trying things out. */
export function gentokenCommand(program: Command): void {
  withCommonFlags(program.command("gentoken"))
    .description("sign a connection token for a user of your own backend (the claims of Centrifugo v6)")
    .requiredOption("-u, --user <id>", "user id, the claim sub")
    .option("-t, --ttl <time>", 'how long it holds, in seconds or as "12h"', "168h")
    .option("--channel <name...>", "channels the connection is subscribed to by itself")
    .option("--vms <id...>", "narrow what it may read to these machines (meta.vms)")
    .option("--info <json>", "what others see of the user, as JSON")
    .action((flags: Flags) => {
      const { config } = load(flags);
      const signer = createTokenSigner({ client: config.client, fleetcastKey: config.secrets.metaKey, clock: systemClock });
      const ttlS = secondsOf(flags.ttl);
      try {
        const signed = signer.signBearerToken(
          {
            subject: flags.user,
            channels: flags.channel,
            ...(flags.info === undefined ? {} : { info: parseInfo(flags.info) }),
            meta: flags.vms === undefined ? undefined : { vms: flags.vms },
          },
          ttlS,
        );
        print(signed.token);
      } catch (cause) {
        if (cause instanceof NoSigningKey)
          throw new CommandRefused("client.token.hmac_secret_key is not set, so nothing can be signed", { cause });
        throw cause;
      }
    });
}

/** One year: what the verifier honours at most. */
const ttlSMax = 365 * 86_400;

function secondsOf(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.round((parseDuration(text) ?? 0) / 1_000);
  if (seconds < 1 || seconds > ttlSMax)
    throw new CommandRefused(`--ttl ${text}: expected 1 to ${ttlSMax} seconds, or a duration such as 12h`);
  return seconds;
}

function parseInfo(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandRefused("--info is not JSON", { cause });
  }
}
