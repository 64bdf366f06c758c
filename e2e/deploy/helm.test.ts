import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { executable } from "../harness/executable.ts";
import { bunPath, root } from "../harness/fleetcast.ts";
import { asRoot, ip, requirePath, skipReason } from "../parts/find.ts";
import { findHelm, findKubernetesValidate } from "../parts/helm.ts";

const helm = findHelm();
const validate = findKubernetesValidate();
const chart = join(root, "deploy", "helm", "fleetcast");
const folder = mkdtempSync(join(tmpdir(), "fleetcast-helm-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = skipReason(helm, validate, asRoot, ip);

const everything = {
  ingress: { enabled: true, className: "nginx", tlsSecret: "web-tls", annotations: { a: "b" } },
  mqtt: { tlsSecret: "mqtt-tls", annotations: { a: "b" } },
  networkPolicy: { enabled: true, internalFrom: [{ namespaceSelector: { matchLabels: { name: "monitoring" } } }] },
  existingSecret: "keys",
  imagePullSecrets: [{ name: "registry" }],
  config: { client: { allowed_origins: ["https://fleet.example.com"] } },
  persistence: { storageClass: "fast" },
  nodeSelector: { disk: "ssd" },
  tolerations: [{ key: "iot", operator: "Exists" }],
  podAnnotations: { a: "b" },
};

/** With Helm's exit code, for values that it must refuse as well. */
function rendered(values: unknown): { readonly status: number | null; readonly text: string } {
  const file = join(folder, "values.json");
  writeFileSync(file, JSON.stringify(values));
  const args = ["template", "demo", chart, "--namespace", "iot", "--kube-version", "1.31.0", "-f", file];
  const result = spawnSync(requirePath(helm), args, { encoding: "utf8" });
  return { status: result.status, text: `${result.stdout}${result.stderr}` };
}

test("[PK6] the chart is clean to Helm, and what it renders is valid to Kubernetes' schemas", { skip }, () => {
  const lint = spawnSync(requirePath(helm), ["lint", "--strict", chart], { encoding: "utf8" });
  assert.equal(lint.status, 0, `${lint.stdout}${lint.stderr}`);
  const kinds: Record<string, number> = {};
  for (const [name, values] of Object.entries({ plain: {}, everything, "without MQTT": { mqtt: { enabled: false } } })) {
    const { status, text } = rendered(values);
    assert.equal(status, 0, text);
    const file = join(folder, "rendered.yaml");
    writeFileSync(file, text);
    const checked = spawnSync(requirePath(validate), ["--strict", "-k", "1.31", file], { encoding: "utf8" });
    assert.equal(checked.status, 0, `${name}: ${checked.stdout}${checked.stderr}`);
    kinds[name] = parseAllDocuments(text).length;
  }
  assert.deepEqual(kinds, { plain: 5, everything: 7, "without MQTT": 4 });
  // A ServiceMonitor is the Prometheus operator's; Kubernetes has no schema for it.
  assert.match(rendered({ serviceMonitor: { enabled: true } }).text, /^kind: ServiceMonitor$/m);
});

test("[PK6] values that the chart does not know, or that cannot work, are refused with their name", { skip }, () => {
  for (const [values, said] of [
    [{ replicas: 3 }, /replicas/],
    [{ terminationGracePeriodSeconds: 10 }, /terminationGracePeriodSeconds/],
    [{ mqtt: { tls: true } }, /tls/],
    [{ persistence: { size: "much" } }, /size/],
  ] as const) {
    const { status, text } = rendered(values);
    assert.deepEqual([status, said.test(text)], [1, true], text);
  }
});

test("[PK7] the pod's program runs with its arguments, environment, user and mounts, and its probes are answered", {
  skip,
  timeout: 120_000,
}, () => {
  for (const values of [{}, everything]) {
    const manifest = join(folder, "manifest.yaml");
    writeFileSync(manifest, rendered(values).text);
    const check = [bunPath, join(import.meta.dirname, "pod-check.ts"), executable(), manifest];
    const run = spawnSync("unshare", ["--net", "--mount", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...check], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  }
});
