import { badRequest, notFound } from "../../push/channel-rules.ts";
import { Fields, isNull } from "../../push/raw-json/fields.ts";
import { joinParts } from "../../push/raw-json/write.ts";
import type { Call } from "./method.ts";
import { errorJson, methods } from "./methods.ts";
import { isQueued, joined, type Reply, type RunCall } from "./replies.ts";

/** One command of a batch by its method's name; `refused` where no method can be read from it. */
type BatchCommand = { readonly name: string; readonly call: Call } | { readonly refused: Reply };

/**
 * `POST /api/batch`: `{"commands":[{"publish":{...}}, ...],"parallel":false}`, answered by `replies` at the top level, in the
 * order of the commands. The whole body is read before the first command runs.
 *
 * @throws MalformedJson
 */
export async function runBatch(body: Uint8Array, work: RunCall): Promise<{ readonly body: string | Uint8Array; readonly queued: boolean }> {
  const fields = Fields.ofDocument(body);
  const parallel = fields.flag("parallel") === true;
  const commands = (fields.list("commands")?.parts ?? []).map((part) => readCommand(body, part.start, part.end));
  if (commands.length === 0) return { body: "{}", queued: false };
  const replies = parallel
    ? await Promise.all(commands.map((command) => run(command, work)))
    : await oneByOne(commands, (command) => run(command, work));
  const texts = replies.map((answer, index) => replyText(commands[index]!, answer));
  const list = joined(texts, ",");
  return {
    body: typeof list === "string" ? `{"replies":[${list}]}` : joinParts(['{"replies":[', list, "]}"]),
    queued: replies.some(isQueued),
  };
}

/** The first method that the real server would look at counts, whatever stands beside it. */
function readCommand(body: Uint8Array, start: number, end: number): BatchCommand {
  if (isNull(body, start, end)) return { refused: { ok: false, error: badRequest() } };
  const [command] = Fields.at(body, start);
  for (const [name, method] of methods) {
    const params = command.object(name);
    if (params !== undefined) return { name, call: method(params) };
  }
  return { refused: { ok: false, error: notFound() } };
}

function run(command: BatchCommand, work: RunCall): Promise<Reply> | Reply {
  return "refused" in command ? command.refused : work(command.name, command.call);
}

async function oneByOne<Item, Result>(items: readonly Item[], run: (item: Item) => Promise<Result> | Result): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await run(item));
  return results;
}

function replyText(command: BatchCommand, answer: Reply): string | Uint8Array {
  if (!answer.ok) return `{"error":${errorJson(answer.error)}}`;
  const name = "name" in command ? command.name : "";
  const { json } = answer.result;
  return typeof json === "string" ? `{"${name}":${json}}` : joinParts([`{"${name}":`, json, "}"]);
}
