import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { formatOf, written } from "../config/print/formats.ts";
import { CommandRefused, print } from "./context.ts";
import { writeNew } from "./defaultconfig.ts";

/** `fleetcast genconfig`: a small file to begin with, its secrets fresh. Centrifugo's `genconfig` writes the same keys. */
export function genconfigCommand(program: Command): void {
  program
    .command("genconfig")
    .description("write a small configuration file with fresh keys; it must not exist")
    .option("-c, --config <file>", "file to write (.yaml, .json or .toml)", "fleetcast.yaml")
    .action(({ config }: { readonly config: string }) => {
      const format = formatOf(config);
      if (format === undefined) throw new CommandRefused(`${config}: the name must end in .yaml, .json or .toml`);
      const tree = {
        client: { token: { hmac_secret_key: secret(64) }, allowed_origins: [] },
        admin: { enabled: false, password: secret(16), secret: secret(64) },
        http_api: { key: secret(64) },
      };
      writeNew(config, written(tree, format));
      print(`${config} is written; only you can read it`);
    });
}

function secret(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}
