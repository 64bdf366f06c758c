import { spawn } from "node:child_process";
import { mosquittoPub, requirePath } from "../parts/find.ts";

/** Messages of one machine from the real `mosquitto_pub`, one after another, without holding up the browser's test. */
export async function publishMany(
  port: number,
  vm: string,
  messages: readonly { readonly topic: string; readonly message: string }[],
): Promise<void> {
  const topics = [...new Set(messages.map(({ topic }) => topic))];
  for (const topic of topics) {
    const lines = messages.filter((item) => item.topic === topic).map(({ message }) => message);
    await pipe(["-h", "127.0.0.1", "-p", String(port), "-i", vm, "-u", vm, "-q", "1", "-t", topic, "-l"], lines);
  }
}

function pipe(args: readonly string[], lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(requirePath(mosquittoPub), args, { stdio: ["pipe", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString("utf8");
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`mosquitto_pub: ${code} ${complaint}`))));
    child.stdin.end(`${lines.join("\n")}\n`);
  });
}
