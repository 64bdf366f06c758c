import { spawnSync } from "node:child_process";
import { mosquittoPub, requirePath } from "../parts/find.ts";

export interface PublishTls {
  /** PEM file of the authority that the broker's certificate must come from. */
  readonly caFile: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly password?: string;
}

/** One message from the real `mosquitto_pub`, as a machine would send it; throws with its output when it fails. */
export function mosquittoPublish(port: number, vm: string, topic: string, message: string, tls?: PublishTls): void {
  const secure = tls === undefined ? [] : ["--cafile", tls.caFile];
  if (tls?.certFile !== undefined) secure.push("--cert", tls.certFile, "--key", tls.keyFile ?? "");
  if (tls?.password !== undefined) secure.push("-P", tls.password);
  const result = spawnSync(
    requirePath(mosquittoPub),
    [
      "-h",
      tls === undefined ? "127.0.0.1" : "localhost",
      ...secure,
      "-p",
      String(port),
      "-i",
      vm,
      "-u",
      vm,
      "-t",
      topic,
      "-q",
      "1",
      "-m",
      message,
    ],
    { encoding: "utf8", timeout: 15_000 },
  );
  if (result.status !== 0) throw new Error(`mosquitto_pub: ${result.status} ${result.stdout}${result.stderr}`);
}
