import { badRequest, notFound } from "../../push/channel-rules.ts";
import { asciiText, textOfString } from "../../push/raw-json/cut.ts";
import { Fields, MalformedJson } from "../../push/raw-json/fields.ts";
import { skipSpace } from "../../push/raw-json/scan.ts";
import type { Call } from "./method.ts";
import { methods } from "./methods.ts";
import { envelope, isQueued, joined, type Reply, type RunCall } from "./replies.ts";

/**
 * `POST /api`: commands `{"id"?, "method"?, "params"?}`, one behind the other, answered in their order and separated by
 * newlines (centrifugo-v6 section 8.2). A command's own errors are replies; what cannot be read as a command ends the
 * request with 400, the commands before it are done by then.
 */

/** Names by their numbers. Known names that are not in `methods` answer 104. */
const numbered = [
  "publish",
  "broadcast",
  "unsubscribe",
  "disconnect",
  "presence",
  "presence_stats",
  "history",
  "history_remove",
  "channels",
  "info",
  "rpc",
  "subscribe",
  "refresh",
  "",
  "connections",
  "update_user_status",
  "get_user_status",
  "delete_user_status",
  "block_user",
  "unblock_user",
  "revoke_token",
  "invalidate_user_tokens",
  "device_register",
  "device_update",
  "device_remove",
  "device_list",
  "device_topic_list",
  "device_topic_update",
  "user_topic_list",
  "user_topic_update",
  "send_push_notification",
  "update_push_status",
  "cancel_push",
  "map_publish",
  "map_remove",
  "map_read_state",
  "map_read_stream",
  "map_stats",
  "map_clear",
  "shared_poll_publish",
] as const;
const known: ReadonlySet<string> = new Set(numbered.filter((name) => name !== ""));

const uint32Max = 2 ** 32 - 1;

/** @throws MalformedJson when a command cannot be read */
export async function runCommands(
  body: Uint8Array,
  work: RunCall,
): Promise<{ readonly body: string | Uint8Array; readonly queued: boolean }> {
  if (body.length === 0) throw new MalformedJson("the body is empty");
  const replies: (string | Uint8Array)[] = [];
  let queued = false;
  for (let at = skipSpace(body, 0); at < body.length; ) {
    const [command, end] = Fields.at(body, at);
    const id = command.integer("id", 0, uint32Max) ?? 0;
    const answer = await run(command, work);
    replies.push(envelope(id === 0 ? "{" : `{"id":${id},`, answer));
    queued ||= isQueued(answer);
    at = skipSpace(body, end);
  }
  return { body: joined(replies, "\n"), queued };
}

async function run(command: Fields, work: RunCall): Promise<Reply> {
  const name = nameOf(command);
  const method = methods.get(name);
  if (method === undefined) return { ok: false, error: notFound() };
  const params = command.raw("params");
  if (params === undefined && name !== "info") return { ok: false, error: badRequest() };
  let call: Call;
  try {
    call = method(params === undefined ? new Fields(new Uint8Array(), []) : Fields.ofDocument(params));
  } catch (cause) {
    if (cause instanceof MalformedJson) return { ok: false, error: badRequest() };
    throw cause;
  }
  return work(name, call);
}

/** No method means publish; of several the last one counts. @throws MalformedJson for an unknown word; an unknown number answers "" */
function nameOf(command: Fields): string {
  return command.raws("method").map(readName).at(-1) ?? "publish";
}

function readName(method: Uint8Array): string {
  if (method[0] === 0x22) {
    const word = textOfString(method, 0, method.length).toLowerCase();
    if (!known.has(word)) throw new MalformedJson("no such method");
    return word;
  }
  const source = asciiText(method, 0, method.length);
  if (!/^-?\d+$/.test(source)) throw new MalformedJson("a method is a word or a number");
  return numbered[Number(source)] ?? "";
}
