import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { API_KEY } from "../harness/fleetcast.ts";
import { curl, requirePath } from "../parts/find.ts";

/** The document's section 5 with the real `curl`: its endpoint, its header, its body. */
export async function curlPublish(base: string, body: unknown): Promise<void> {
  const { stdout } = await promisify(execFile)(requirePath(curl), [
    "--silent",
    "--show-error",
    "--fail-with-body",
    "-X",
    "POST",
    `${base}/api`,
    "-H",
    `Authorization: Token ${API_KEY}`,
    "-H",
    "Content-Type: application/json",
    "-d",
    JSON.stringify(body),
  ]);
  const answer = JSON.parse(stdout) as { error?: unknown };
  if (answer.error !== undefined) throw new Error(`/api: ${stdout}`);
}
