import type { z } from "zod";
import { Problem } from "./problem.ts";

/**
 * What the listener lets through to a route that reads a body. Above each route's own limit, so that the refusal is one
 * of ours, in JSON.
 */
export const bodyBytesAtDoorMax = 1_048_576;

/**
 * Reads a JSON body and checks it against a strict schema. The content type is checked because a foreign page can send
 * a form or plain text with the user's cookie without asking, but not `application/json`.
 * @throws Problem 400 `not_json` or `bad_request` with the field, 413 `too_large`
 */
export async function readJsonBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  bodyBytesMax: number,
): Promise<z.output<Schema>> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/json") throw new Problem(400, "not_json", "the body must be sent as application/json");
  const bytes = await readBytes(request, bodyBytesMax);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Problem(400, "not_json", "the body is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  throw new Problem(400, "bad_request", issue.message, { field: shortened(path.map(String).join(".")) });
}

/** Names come from the request; an answer repeats only the beginning. */
const fieldLengthMax = 100;

function shortened(field: string): string | undefined {
  return field === "" ? undefined : field.slice(0, fieldLengthMax);
}

/** Stops at the limit instead of trusting the declared length. */
async function readBytes(request: Request, bodyBytesMax: number): Promise<Uint8Array> {
  const tooLarge = new Problem(413, "too_large", `the body may have ${bodyBytesMax} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > bodyBytesMax) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
