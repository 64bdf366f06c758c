import type { CommandRequest } from "@fleetcast/protocol";
import { z } from "zod";
import { vmIdPattern } from "../../auth/machines.ts";
import { bodyBytesAtDoorMax, readJsonBody } from "../body.ts";
import { named } from "../openapi/shapes.ts";
import { jsonResponse, Problem } from "../problem.ts";
import type { Route } from "../route.ts";
import { commandListShape, commandShape } from "./answers.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { noSuchMachine } from "./fleet-routes.ts";
import { signedIn } from "./guard.ts";
import { integerShape, pathParameter, patternShape, queryParameter, v1Operation } from "./operations.ts";

const bodyBytesMax = 65_536;
const targetsMax = 500;
const paramsBytesMax = 16_384;
const commandIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

const requestSchema: z.ZodType<CommandRequest> = named(
  "CommandRequest",
  z.strictObject({
    idempotency_key: z.string().min(1).max(128),
    targets: z.array(z.string().max(63)).min(1).max(targetsMax),
    name: z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, "a name is a letter and up to 63 letters, digits, _ . or -"),
    params: z
      .record(z.string(), z.unknown())
      .refine((params) => Buffer.byteLength(JSON.stringify(params)) <= paramsBytesMax, `params may have ${paramsBytesMax} bytes`),
    ttl_s: z.int().min(1).max(86_400),
  }),
);
const limitBounds = { min: 1, max: 200 };
const limitDefault = 50;

const commandId = pathParameter("cmd_id", patternShape(commandIdPattern), { en: "The command's id.", zh: "指令 ID。" }, "c-1");
export const commandOperations = {
  give: v1Operation({
    id: "giveCommand",
    method: "POST",
    path: "/v1/commands",
    tag: "commands",
    summary: { en: "Gives machines a command", zh: "向机器下发指令" },
    text: {
      en: "For operators and above. The same `idempotency_key` is answered with the commands that it made the first time. What becomes of a command is told on `user_cmd:{user_id}`.",
      zh: "需要 operator 及以上角色。相同的 `idempotency_key` 返回首次生成的指令。指令的进展通过 `user_cmd:{user_id}` 推送。",
    },
    access: "session_write",
    request: {
      shape: requestSchema,
      example: { idempotency_key: "restart-1", targets: ["VM-SH-001"], name: "restart", params: {}, ttl_s: 60 },
    },
    answer: commandListShape,
    ok: { en: "One command for each machine", zh: "每台机器一条指令" },
    refuses: [404, 409, 429, 503],
  }),
  list: v1Operation({
    id: "listCommands",
    method: "GET",
    path: "/v1/commands",
    tag: "commands",
    summary: { en: "Lists commands, newest first", zh: "列出指令，最新在前" },
    access: "session",
    parameters: [
      queryParameter("vm_id", patternShape(vmIdPattern), { en: "Only this machine's.", zh: "只列此机器的指令。" }),
      queryParameter("limit", integerShape(limitBounds, limitDefault), { en: "How many at most.", zh: "最多返回多少条。" }),
    ],
    answer: commandListShape,
    ok: { en: "The commands", zh: "指令列表" },
    refuses: [400, 403],
  }),
  one: v1Operation({
    id: "readCommand",
    method: "GET",
    path: "/v1/commands/{cmd_id}",
    tag: "commands",
    summary: { en: "Reads one command", zh: "读取一条指令" },
    access: "session",
    parameters: [commandId],
    answer: commandShape,
    ok: { en: "The command", zh: "指令" },
    refuses: [403, 404],
  }),
  cancel: v1Operation({
    id: "cancelCommand",
    method: "POST",
    path: "/v1/commands/{cmd_id}/cancel",
    tag: "commands",
    summary: { en: "Cancels a command that is not over", zh: "取消尚未结束的指令" },
    access: "session_write",
    parameters: [commandId],
    answer: commandShape,
    ok: { en: "The command as it is now", zh: "指令的最新状态" },
    refuses: [404, 409, 503],
  }),
};

export function commandRoutes(dependencies: V1Dependencies): Route[] {
  const { fleet, log } = dependencies;
  return [
    {
      method: "POST",
      path: "/v1/commands",
      listener: "external",
      bodyBytesMax: bodyBytesAtDoorMax,
      operations: [commandOperations.give],
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
      operations: [commandOperations.list],
      handle: signedIn(dependencies, "read_fleet", async ({ query }) =>
        jsonResponse(
          await fleet.commands({
            vmId: query.text("vm_id", vmIdPattern),
            limit: query.integer("limit", limitBounds) ?? limitDefault,
          }),
        ),
      ),
    },
    {
      method: "GET",
      path: "/v1/commands/*",
      listener: "external",
      bodyBytesMax: 0,
      operations: [commandOperations.one],
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
      operations: [commandOperations.cancel],
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
