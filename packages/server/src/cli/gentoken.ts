import type { Command } from "commander";
import { createTokenSigner } from "../auth/tokens/signer.ts";
import { systemClock } from "../runtime/clock.ts";
import { CommandRefused, load } from "./context.ts";
import { printToken, type TokenFlags, withTokenFlags } from "./token-ttl.ts";

interface Flags extends TokenFlags {
  readonly channel?: string[];
  readonly vms?: string[];
  readonly info?: string;
}

/** `fleetcast gentoken`: a connection token as your own backend would sign it, for trying things out. */
export function gentokenCommand(program: Command): void {
  withTokenFlags(program.command("gentoken"))
    .description("sign a connection token for a user of your own backend (the claims of Centrifugo v6)")
    .option("--channel <name...>", "channels the connection is subscribed to by itself")
    .option("--vms <id...>", "narrow what it may read to these machines (meta.vms)")
    .option("--info <json>", "what others see of the user, as JSON")
    .action((flags: Flags) => {
      const { config } = load(flags);
      const signer = createTokenSigner({ client: config.client, fleetcastKey: config.secrets.metaKey, clock: systemClock });
      const claims = {
        subject: flags.user,
        channels: flags.channel,
        ...(flags.info === undefined ? {} : { info: parseInfo(flags.info) }),
        meta: flags.vms === undefined ? undefined : { vms: flags.vms },
      };
      printToken(flags, "client.token.hmac_secret_key", (ttlS) => signer.signBearerToken(claims, ttlS));
    });
}

/** `fleetcast gensubtoken`: a subscription token for one channel. */
export function gensubtokenCommand(program: Command): void {
  withTokenFlags(program.command("gensubtoken"))
    .description("sign a subscription token for one channel")
    .requiredOption("-s, --channel <name>", "the channel it opens")
    .action((flags: TokenFlags & { readonly channel: string }) => {
      if (flags.channel === "") throw new CommandRefused("--channel must name a channel");
      const { config } = load(flags);
      const signer = createTokenSigner({ client: config.client, fleetcastKey: config.secrets.metaKey, clock: systemClock });
      const key = config.client.subscriptionToken.enabled ? "client.subscription_token.hmac_secret_key" : "client.token.hmac_secret_key";
      printToken(flags, key, (ttlS) => signer.signSubscriptionToken(flags.user, flags.channel, ttlS));
    });
}

function parseInfo(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandRefused("--info is not JSON", { cause });
  }
}
