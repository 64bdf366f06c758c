import type { CommandRequest } from "@fleetcast/protocol";
import { z } from "zod";
import { vmIdPattern } from "../../auth/machines.ts";
import { bodyBytesAtDoorMax, readJsonBody } from "../body.ts";
import { jsonResponse, Problem } from "../problem.ts";
import type { Route } from "../route.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { noSuchMachine } from "./fleet-routes.ts";
import { signedIn } from "./guard.ts";

const bodyBytesMax = 65_536;
const targetsMax = 500;
const paramsBytesMax = 16_384;
const commandIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

const requestSchema: z.ZodType<CommandRequest> = z.strictObject({
  idempotency_key: z.string().min(1).max(128),
  targets: z.array(z.string().max(63)).min(1).max(targetsMax),
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, "a name is a letter and up to 63 letters, digits, _ . or -"),
  params: z
    .record(z.string(), z.unknown())
    .refine((params) => Buffer.byteLength(JSON.stringify(params)) <= paramsBytesMax, `params may have ${paramsBytesMax} bytes`),
  ttl_s: z.int().min(1).max(86_400),
});

export function commandRoutes(dependencies: V1Dependencies): Route[] {
  const { fleet, log } = dependencies;
  return [
    {
      method: "POST",
      path: "/v1/commands",
      listener: "external",
      bodyBytesMax: bodyBytesAtDoorMax,
      handle: signedIn(dependencies, "send_command", async ({ request, principal }) => {
        const command = await readJsonBody(request, requestSchema, bodyBytesMax);
        // A target named twice would be two commands under one key.
        const targets = [...new Set(command.targets)];
        targets.forEach((vmId, index) => {
          if (!vmIdPattern.test(vmId) || !fleet.knows(vmId)) throw noSuchMachine(`targets.${index}`);
        });
        const answer = await fleet.command(principal.userId, { ...command, targets });
        log.info({ user: principal.userId, name: command.name, targets: targets.length }, "a command was given");
        return jsonResponse(answer);
      }),
    },
    {
      method: "GET",
      path: "/v1/commands",
      listener: "external",
      bodyBytesMax: 0,
      handle: signedIn(dependencies, "read_fleet", async ({ query }) =>
        jsonResponse(
          await fleet.commands({
            vmId: query.text("vm_id", vmIdPattern),
            limit: query.integer("limit", { min: 1, max: 200 }) ?? 50,
          }),
        ),
      ),
    },
    {
      method: "GET",
      path: "/v1/commands/*",
      listener: "external",
      bodyBytesMax: 0,
      handle: signedIn(dependencies, "read_fleet", async ({ peer }) => {
        const command = commandIdPattern.test(peer.rest) ? await fleet.commandById(peer.rest) : undefined;
        if (command === undefined) throw noSuchCommand();
        return jsonResponse(command);
      }),
    },
    {
      method: "POST",
      path: "/v1/commands/*",
      listener: "external",
      bodyBytesMax: 1_024,
      handle: signedIn(dependencies, "send_command", async ({ peer, principal }) => {
        const [cmdId, part, ...more] = peer.rest.split("/");
        if (part !== "cancel" || more.length > 0) throw new Problem(404, "no_such_path", "there is nothing at this address");
        const command = commandIdPattern.test(cmdId ?? "") ? await fleet.cancelCommand(principal.userId, cmdId ?? "") : undefined;
        if (command === undefined) throw noSuchCommand();
        return jsonResponse(command);
      }),
    },
  ];
}

function noSuchCommand(): Problem {
  return new Problem(404, "no_such_command", "there is no such command");
}
