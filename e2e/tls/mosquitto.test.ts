import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CertificateFolder, openssl } from "../harness/certificates.ts";
import { Fleetcast } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { eventually, freePorts, OwnProcess } from "../harness/process.ts";
import { mosquitto, mosquittoPub, program, requirePath, skipReason } from "../parts/find.ts";
import { canConnect } from "../parts/mosquitto.ts";

const passwd = program("mosquitto_passwd", "Debian package mosquitto");
const skip = skipReason(openssl, mosquitto, mosquittoPub, passwd);

/** A real Mosquitto with the file that we print, its paths and plain ports put where a test may have them. */
async function started(fleetcast: Fleetcast, folder: string, plainPort: number, tlsPort: number): Promise<OwnProcess> {
  const conf = await fleetcast.cli("mosquitto-config");
  assert.equal(conf.code, 0, conf.output);
  const acl = await fleetcast.cli("mosquitto-config", "--acl");
  const passwords = join(folder, "passwords");
  for (const [user, flags] of [
    ["fleetcast", ["-c"]],
    ["VM-M-1", []],
  ] as const) {
    const made = spawnSync(requirePath(passwd), [...flags, "-b", passwords, user, `secret of ${user}`], { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
  }
  writeFileSync(join(folder, "acl"), acl.stdout, { mode: 0o600 });
  const text = conf.stdout
    .replaceAll("/etc/mosquitto/fleetcast.passwd", passwords)
    .replaceAll("/etc/mosquitto/fleetcast.acl", join(folder, "acl"))
    .replaceAll("/var/lib/mosquitto/", `${folder}/`)
    .replaceAll("listener 1883 ", `listener ${plainPort} `);
  writeFileSync(join(folder, "mosquitto.conf"), `${text}user root\n`);
  const broker = new OwnProcess("mosquitto", requirePath(mosquitto), ["-c", join(folder, "mosquitto.conf")]);
  await eventually("mosquitto listens", 10_000, () => {
    if (!broker.running) throw new Error(broker.output);
    return canConnect(tlsPort);
  });
  return broker;
}

async function stored(fleetcast: Fleetcast, voltage: number): Promise<void> {
  await eventually(`the reading of ${voltage} V`, 15_000, async () => {
    const { result } = await fleetcast.api<{ result: { publications: { data: { system?: { voltage?: number } } }[] } }>("history", {
      channel: "telemetry:VM-M-1",
      limit: 10,
    });
    return result.publications.some(({ data }) => data.system?.voltage === voltage);
  });
}

for (const way of ["passwords", "certificates"] as const) {
  test(`[TLS14] mosquitto-config: a real Mosquitto with TLS and ${way}; our consumer speaks ${way === "passwords" ? "mqtts" : "mqtt"} to it`, {
    skip,
  }, async () => {
    const certificates = new CertificateFolder();
    const folder = mkdtempSync(join(tmpdir(), "mosquitto-tls-"));
    const [plainPort, tlsPort] = (await freePorts(2)) as [number, number];
    const asked = way === "certificates" ? { client_ca_pem: certificates.ca } : {};
    const fleetcast = await Fleetcast.prepare({
      config: {
        mqtt: {
          broker: way === "passwords" ? `mqtts://localhost:${tlsPort}` : `mqtt://127.0.0.1:${plainPort}`,
          username: "fleetcast",
          password: "secret of fleetcast",
          ca_file: certificates.ca,
          tls: { ...certificates.section, port: tlsPort, address: "127.0.0.1", ...asked },
        },
      },
    });
    const broker = await started(fleetcast, folder, plainPort, tlsPort);
    try {
      await fleetcast.start();
      await eventually("the consumer is there", 15_000, async () => {
        const ready = (await (await fetch(`${fleetcast.base}/readyz`)).json()) as { intake: boolean };
        return ready.intake;
      });
      const topic = "vm/VM-M-1/telemetry";
      const message = (voltage: number) => `{"id":"VM-M-1","system":{"voltage":${voltage}}}`;
      const caFile = certificates.ca;
      if (way === "passwords") {
        mosquittoPublish(tlsPort, "VM-M-1", topic, message(221), { caFile, password: "secret of VM-M-1" });
        assert.throws(() => mosquittoPublish(tlsPort, "VM-M-1", topic, message(1), { caFile, password: "wrong" }));
      } else {
        const { cert, key } = certificates.machine("VM-M-1");
        mosquittoPublish(tlsPort, "VM-M-1", topic, message(221), { caFile, certFile: cert, keyFile: key });
        assert.throws(
          () => mosquittoPublish(tlsPort, "VM-M-1", topic, message(1), { caFile, password: "secret of VM-M-1" }),
          "no certificate",
        );
      }
      await stored(fleetcast, 221);
    } finally {
      await fleetcast.remove();
      await broker.end("SIGTERM");
      certificates.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
