import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { eventually, OwnProcess } from "../harness/process.ts";

/**
 * `pod-check.ts EXECUTABLE MANIFEST`: runs the container of the rendered StatefulSet as a node would (its arguments, environment, user
 * and mounts), and asks its probes. In a network namespace of its own (helm.test.ts), because the ports are the real ones.
 */
interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
const executable = process.argv[2]!;
const documents = parseAllDocuments(readFileSync(process.argv[3]!, "utf8")).map((document) => document.toJS() as Record<string, unknown>);
const find = (kind: string) => documents.find((document) => document["kind"] === kind)!;
const pod = (find("StatefulSet")["spec"] as { template: { spec: { containers: Container[]; securityContext: Record<string, number> } } })
  .template.spec;
const container = pod.containers[0]!;
const { runAsUser, runAsGroup, fsGroup } = pod.securityContext;

const folder = mkdtempSync(join(tmpdir(), "fleetcast-pod-"));
const volume = (name: string): string => join(folder, "volumes", name);
for (const { name } of container.volumeMounts) mkdirSync(volume(name), { recursive: true });
chownSync(volume("data"), runAsUser!, fsGroup!);
const { data } = find("ConfigMap") as { data: Record<string, string> };
for (const [name, text] of Object.entries(data)) writeFileSync(join(volume("config"), name), text);
if (container.volumeMounts.some(({ name }) => name === "mqtt-tls")) {
  const files = ["-keyout", join(volume("mqtt-tls"), "tls.key"), "-out", join(volume("mqtt-tls"), "tls.crt")];
  const made = spawnSync("openssl", [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-subj",
    "/CN=localhost",
    ...files,
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  for (const file of ["tls.key", "tls.crt"]) chownSync(join(volume("mqtt-tls"), file), 0, fsGroup!);
  spawnSync("chmod", ["0440", join(volume("mqtt-tls"), "tls.key"), join(volume("mqtt-tls"), "tls.crt")]);
}
writeFileSync(join(folder, "hosts"), "127.0.0.1 localhost\n");
const mounts = container.volumeMounts
  .filter(({ name }) => name !== "tmp")
  .map(({ name, mountPath, readOnly }) => `${volume(name)}:${mountPath}${readOnly === true ? ":ro" : ""}`);
const server = new OwnProcess("pod", "env", [
  "-i",
  `PATH=${process.env["PATH"]}`,
  ...container.env.map(({ name, value }) => `${name}=${value}`),
  ...[
    "unshare",
    "--mount",
    "--",
    "sh",
    join(import.meta.dirname, "container.sh"),
    folder,
    `${runAsUser}:${runAsGroup}`,
    "/",
    join(folder, "hosts"),
  ],
  `${executable}:/usr/local/bin/fleetcast:ro`,
  ...mounts,
  ...["--", "fleetcast", ...container.args],
]);
try {
  const portOf = (name: string): number => container.ports.find((port) => port.name === name)!.containerPort;
  for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    await server.waitForHttp(`http://127.0.0.1:${portOf(httpGet.port)}${httpGet.path}`, 20_000);
  }
  assert.equal((await fetch(`http://127.0.0.1:${portOf("http")}/`)).status, 200);
  assert.equal((await fetch(`http://127.0.0.1:${portOf("http")}/readyz`)).status, 404, "probes are internal");
  if (container.ports.some((port) => port.name === "mqtt")) {
    await eventually("the MQTT port is open", 5_000, async () => {
      const socket = connect(portOf("mqtt"), "127.0.0.1");
      const open = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true));
        socket.once("error", () => resolve(false));
      });
      socket.destroy();
      return open;
    });
  }
  assert.equal(await server.end("SIGTERM", 35_000), 0, server.output);
} finally {
  if (server.running) await server.end("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
