import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { type Certificate, testAuthority } from "../../testing/authority.ts";
import { connect, publish } from "../../testing/bytes.ts";
import { type RunningBroker, withBroker } from "../../testing/embedded.ts";
import { sleep, until } from "../../testing/real-clock.ts";
import type { CertificateDemand } from "./client-certificate.ts";

const authority = testAuthority()!;
const skip = authority === undefined ? "openssl is not installed: NOT TESTED" : false;
const stranger = testAuthority()!;
const server = skip === false ? authority.server() : { cert: "", key: "" };

function withTls(scenario: (running: RunningBroker) => Promise<void>, clientCertificates: CertificateDemand, limits = {}): Promise<void> {
  const end = { addresses: ["127.0.0.1"], port: 0, ...server, ca: authority.ca, clientCertificates };
  return withBroker(scenario, { tls: end, limits });
}

/** What a device with this certificate and this CONNECT hears before the line ends or `bytes` are there: hex, or "closed". */
async function heard(port: number, certificate: Certificate | undefined, packets: Buffer, bytes = 4): Promise<string> {
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: authority.ca, ...certificate });
  let answer = Buffer.alloc(0);
  let isOver = false;
  socket.on("data", (chunk: Buffer) => {
    answer = Buffer.concat([answer, chunk]);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isOver = true;
  });
  socket.once("secureConnect", () => socket.write(packets));
  await until(() => isOver || answer.length >= bytes, "an answer or the end");
  socket.destroy();
  return answer.length === 0 ? "closed" : answer.toString("hex");
}

test("[TLS10] a machine's certificate is its credential: its common name, or its only DNS name, is the user name", {
  skip,
  timeout: 20_000,
}, async () => {
  await withTls(async ({ broker, handler }) => {
    const port = broker.tlsPort;
    const mine = authority.certificate({ commonName: "VM-SH-001" });
    assert.equal(await heard(port, mine, connect({ username: "VM-SH-001" })), "20020000");
    assert.equal(await heard(port, mine, connect({ username: "" })), "20020000", "the name need not be said");
    const byName = authority.certificate({ commonName: "a machine", names: "DNS:VM-SH-002" });
    assert.equal(await heard(port, byName, connect({ username: "VM-SH-002" })), "20020000");
    assert.deepEqual(
      handler.attempts.map(({ username, certificate, password }) => [username, certificate, password]),
      [
        ["VM-SH-001", "VM-SH-001", undefined],
        ["VM-SH-001", "VM-SH-001", undefined],
        ["VM-SH-002", "VM-SH-002", undefined],
      ],
    );
    const telemetry = publish("vm/VM-SH-001/telemetry", "{}", { qos: 1, id: 3 });
    assert.equal(await heard(port, mine, Buffer.concat([connect({ username: "" }), telemetry]), 8), "2002000040020003");
  }, "required");
});

test("[TLS11] no certificate, another authority's, an ended one, one that names no machine or another: refused with its reason", {
  skip,
  timeout: 20_000,
}, async () => {
  await withTls(async ({ broker, handler, warnings }) => {
    const port = broker.tlsPort;
    const packets = connect({ username: "VM-SH-001" });
    assert.equal(await heard(port, undefined, packets), "closed");
    assert.equal(await heard(port, stranger.certificate({ commonName: "VM-SH-001" }), packets), "closed");
    assert.equal(await heard(port, authority.certificate({ commonName: "VM-SH-001", days: -1 }), packets), "closed");
    assert.equal(await heard(port, authority.certificate({ commonName: "no machine!" }), packets), "closed");
    const two = authority.certificate({ commonName: "no machine!", names: "DNS:VM-SH-001,DNS:VM-SH-002" });
    assert.equal(await heard(port, two, packets), "closed", "one certificate, one machine");
    const another = authority.certificate({ commonName: "VM-SH-002" });
    assert.equal(await heard(port, another, packets), "20020005");
    assert.deepEqual(handler.attempts, []);
    assert.deepEqual(
      [...broker.stats.refused.entries()].sort(),
      [
        ["certificate_expired", 1],
        ["certificate_missing", 1],
        ["certificate_of_another_machine", 1],
        ["certificate_of_unknown_authority", 1],
        ["certificate_without_machine", 2],
      ],
      warnings.join("\n"),
    );
  }, "required");
});

test("[TLS12] where a certificate may be shown, who shows none has a password, and who shows a bad one is refused", {
  skip,
  timeout: 20_000,
}, async () => {
  await withTls(async ({ broker, handler }) => {
    const port = broker.tlsPort;
    assert.equal(await heard(port, undefined, connect({ username: "VM-SH-001", password: "p" })), "20020000");
    assert.deepEqual([handler.attempts[0]?.certificate, Buffer.from(handler.attempts[0]!.password!).toString()], [undefined, "p"]);
    assert.equal(await heard(port, stranger.certificate({ commonName: "VM-SH-001" }), connect({ password: "p" })), "closed");
    assert.equal(await heard(port, authority.certificate({ commonName: "VM-SH-001" }), connect()), "20020000");
    handler.verdict = () => ({ ok: false, code: 5 });
    assert.equal(await heard(port, authority.certificate({ commonName: "VM-SH-001" }), connect()), "20020005", "the handler decides");
  }, "optional");
});

test("[TLS12] without an authority no certificate is asked for, and one that is shown says nothing", {
  skip,
  timeout: 20_000,
}, async () => {
  await withTls(async ({ broker, handler }) => {
    assert.equal(await heard(broker.tlsPort, stranger.certificate({ commonName: "VM-SH-009" }), connect()), "20020000");
    assert.equal(handler.attempts[0]?.certificate, undefined);
  }, "off");
});

test("[TLS4] another certificate, and another authority for devices, from the next handshake on; open connections live on", {
  skip,
  timeout: 20_000,
}, async () => {
  await withTls(async ({ broker, handler }) => {
    const shown = async (): Promise<string> => {
      const socket = tls.connect({ port: broker.tlsPort, host: "127.0.0.1", rejectUnauthorized: false });
      socket.on("error", () => undefined);
      await new Promise((resolve) => socket.once("secureConnect", resolve));
      const print = socket.getPeerCertificate().fingerprint256;
      socket.destroy();
      return print;
    };
    const mine = authority.certificate({ commonName: "VM-SH-001" });
    const open = tls.connect({ port: broker.tlsPort, host: "127.0.0.1", servername: "localhost", ca: authority.ca, ...mine });
    let answer = "";
    open.on("data", (chunk: Buffer) => {
      answer += chunk.toString("hex");
    });
    open.once("secureConnect", () => open.write(connect({})));
    await until(() => answer === "20020000", "CONNACK");
    const before = await shown();
    const next = stranger.server();
    broker.swapCertificate({ ...next, ca: stranger.ca, clientCertificates: "required" });
    assert.notEqual(await shown(), before);
    const packets = connect({ username: "VM-SH-007" });
    assert.equal(await heard(broker.tlsPort, { ...mine }, packets).catch(() => "closed"), "closed");
    assert.throws(() => broker.swapCertificate({ cert: "nonsense", key: next.key }));
    open.write(publish("vm/VM-SH-001/telemetry", "still here", { qos: 1, id: 5 }));
    await until(() => answer.endsWith("40020005"), "PUBACK on the open connection");
    assert.deepEqual(handler.payloads, ["still here"]);
    open.destroy();
  }, "required");
});

test("[TLS8] half-open handshakes count as pending connections, end in time, and harm nobody", { skip, timeout: 20_000 }, async () => {
  const limits = { connectTimeoutMs: 1_500, pendingPerAddressMax: 40 };
  await withTls(
    async ({ broker }) => {
      const halves: net.Socket[] = [];
      let closed = 0;
      for (let count = 0; count < 100; count++) {
        const half = net.connect({ port: broker.tlsPort, host: "127.0.0.1" });
        half.on("error", () => undefined);
        half.on("close", () => closed++);
        half.once("connect", () => half.write(Buffer.from(count % 2 === 0 ? "16030100c8010000c40303" : "16", "hex")));
        halves.push(half);
      }
      await until(() => broker.stats.refused.get("pending_per_address_max") === 60, "those beyond the bound");
      await until(() => closed === 60, "they are closed at once");
      await until(() => closed === 100, "the others after their time");
      assert.equal(broker.stats.refused.get("tls_handshake_timeout"), 40);
      assert.equal(await heard(broker.tlsPort, undefined, connect({ password: "p" })), "20020000");
      for (const junk of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", connect({}), Buffer.from("802e0100020015000000100700c0", "hex")]) {
        const plain = net.connect({ port: broker.tlsPort, host: "127.0.0.1" }, () => plain.write(junk));
        plain.on("error", () => undefined);
        plain.resume();
        await new Promise((resolve) => plain.once("close", resolve));
      }
      await until(() => broker.stats.refused.get("tls_handshake_failed") === 3, "counted");
      assert.equal(broker.stats.connections, 0);
      await sleep(1);
    },
    "optional",
    limits,
  );
});

test("[TLS4] [TLS10] a resumed session is the same machine, and does not outlive its authority", { skip, timeout: 30_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-session-"));
  try {
    await withTls(async ({ broker, handler }) => {
      const { cert, key } = authority.certificate({ commonName: "VM-SH-001" });
      writeFileSync(join(folder, "cert"), cert);
      writeFileSync(join(folder, "key"), key);
      writeFileSync(join(folder, "connect"), connect({ username: "" }));
      // openssl reads the session's ticket while it waits for the end of its input.
      const session = (version: string, step: "out" | "in"): Promise<string> =>
        new Promise((resolve) => {
          const files = `-cert ${folder}/cert -key ${folder}/key -sess_${step} ${folder}/session`;
          const command = `(sleep 0.2; cat ${folder}/connect; sleep 0.4) | openssl s_client -connect 127.0.0.1:${broker.tlsPort} ${version} ${files} 2>&1`;
          const child = spawn("sh", ["-c", command]);
          let output = "";
          child.stdout.on("data", (chunk: Buffer) => {
            output += chunk.toString("latin1");
          });
          child.once("close", () => resolve(/^(New|Reused), /m.exec(output)?.[1] ?? output));
        });
      for (const version of ["-tls1_2", "-tls1_3"]) {
        broker.swapCertificate({ ...authority.server(), ca: authority.ca, clientCertificates: "required" });
        handler.attempts.length = 0;
        assert.equal(await session(version, "out"), "New");
        assert.equal(await session(version, "in"), "Reused");
        assert.deepEqual(
          handler.attempts.map((attempt) => attempt.certificate),
          ["VM-SH-001", "VM-SH-001"],
        );
        broker.swapCertificate({ ...stranger.server(), ca: stranger.ca, clientCertificates: "required" });
        assert.equal(await session(version, "in"), "New");
        assert.equal(handler.attempts.length, 2, "and its certificate is a stranger's now");
      }
    }, "required");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
