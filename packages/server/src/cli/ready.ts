import type { Command } from "commander";
import { adminUrl } from "../lifecycle/admin-routes.ts";
import { internalRoutesTls, ownRequestTls } from "../lifecycle/certificates/internal-tls.ts";
import { readRunningFile } from "../lifecycle/running-file.ts";
import { exitCodes } from "../lifecycle/start-refused.ts";
import { type CommonFlags, complain, load, print, withCommonFlags } from "./context.ts";

const answerMsMax = 3_000;

/** `fleetcast ready`: for containers and scripts that have no curl. Asks the server on this data folder what `/readyz` says. */
export function readyCommand(program: Command): void {
  withCommonFlags(program.command("ready"))
    .description("ask the running server whether it is ready; exit code 0 when it is, 1 when not or when none runs")
    .action(async (flags: CommonFlags) => {
      const { config } = load(flags, { writeSecrets: false });
      const url = `${readRunningFile(config.dataDir) ?? adminUrl(config.http)}/readyz`;
      const tls = url.startsWith("https:") ? ownRequestTls(internalRoutesTls(config.http)) : {};
      try {
        const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(answerMsMax), ...tls });
        print((await answer.text()).trim());
        if (answer.status !== 200) process.exitCode = exitCodes.failed;
      } catch {
        complain(`nothing answers at ${url}`);
        process.exitCode = exitCodes.failed;
      }
    });
}
