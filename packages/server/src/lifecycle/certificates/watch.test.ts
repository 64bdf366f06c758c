import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ManualClock } from "@fleetcast/engine/testing";
import type { ListenerTls } from "../../config/listener-tls.ts";
import { readListenerTlsAgain } from "../../config/listener-tls.ts";
import { readSettings } from "../../config/settings.ts";
import { testAuthority } from "../../outgoing/testing/authority.ts";
import { shownCertificates } from "./expiry.ts";
import { filesOf, watchCertificates } from "./watch.ts";

const authority = testAuthority()!;
const skip = authority === undefined ? "openssl is not installed: NOT TESTED" : false;
const folder = mkdtempSync(join(tmpdir(), "fleetcast-watch-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const day = 86_400_000;

/** A watch over two files, and what it took and said. */
function rig(days = 30) {
  const put = (pair: { cert: string; key: string }): void => {
    writeFileSync(join(folder, "cert.pem"), pair.cert);
    writeFileSync(join(folder, "key.pem"), pair.key, { mode: 0o600 });
  };
  put(authority.certificate("localhost", days));
  const config = join(folder, "fleetcast.json");
  writeFileSync(config, JSON.stringify({ http_server: { tls: { enabled: true, cert_pem: "cert.pem", key_pem: "key.pem" } } }));
  const settings = readSettings({ flags: { config }, environment: {}, folder });
  let shown: ListenerTls = settings;
  const taken: ListenerTls[] = [];
  const lines: string[] = [];
  const say = (level: string) => (_fields: object, text: string) => void lines.push(`${level}: ${text}`);
  const clock = new ManualClock(Date.now());
  const watch = watchCertificates({
    files: () => filesOf(settings),
    read: () => readListenerTlsAgain(settings.values, folder),
    swap: (next) => {
      taken.push(next);
      shown = next;
    },
    shown: () => shownCertificates(shown),
    clock,
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
  });
  /** Looks are asynchronous: the files are real. */
  const looks = async (count: number): Promise<void> => {
    for (let look = 0; look < count; look += 1) {
      await clock.advance(1_000);
      // The look is over when the next one is planned.
      while (clock.pending === 0) await sleep(1);
    }
  };
  return { put, taken, lines, looks, clock, watch };
}

test("[TLS3] changed files are taken once they rest, and only then", { skip }, async () => {
  const { put, taken, lines, looks, watch } = rig();
  await looks(3);
  assert.equal(taken.length, 0, "nothing changed");
  const next = authority.certificate("localhost");
  put(next);
  await looks(1);
  assert.equal(taken.length, 0, "it may still be being written");
  await looks(1);
  assert.deepEqual([taken.length, taken[0]?.tls?.certPem], [1, next.cert]);
  await looks(3);
  assert.equal(taken.length, 1);
  assert.match(lines.join("\n"), /info: certificates were taken from their files/);
  watch.stop();
});

test("[TLS3] a half-written or mixed-up pair keeps the old one and is said; the rest of it is a new chance", { skip }, async () => {
  const { taken, lines, looks, watch } = rig();
  await looks(1);
  const next = authority.certificate("localhost");
  writeFileSync(join(folder, "cert.pem"), next.cert.slice(0, 200));
  await looks(3);
  writeFileSync(join(folder, "cert.pem"), next.cert);
  await looks(3);
  unlinkSync(join(folder, "key.pem"));
  await looks(3);
  assert.equal(taken.length, 0);
  assert.deepEqual(
    lines.map((line) => line.replace(/^error: the changed certificates were not taken, the old ones stay: certificates: /, "")),
    [
      "http_server.tls.cert_pem: holds no certificate that can be read; was it written to its end?",
      "http_server.tls.key_pem: is not the key of the certificate in cert_pem",
      "http_server.tls.key_pem: is neither PEM text, nor PEM text in base64, nor a file that can be read (ENOENT)",
    ],
  );
  writeFileSync(join(folder, "key.pem"), next.key, { mode: 0o600 });
  await looks(2);
  assert.equal(taken[0]?.tls?.keyPem, next.key);
  watch.stop();
});

test("[TLS3] a link that is turned elsewhere is a change, as certbot and Kubernetes do it", { skip }, async () => {
  const { taken, looks, watch } = rig();
  const next = authority.certificate("localhost");
  await looks(1);
  for (const [name, text] of [
    ["cert.pem", next.cert],
    ["key.pem", next.key],
  ] as const) {
    writeFileSync(join(folder, `new-${name}`), text, { mode: 0o600 });
    symlinkSync(join(folder, `new-${name}`), join(folder, `link-${name}`));
    renameSync(join(folder, `link-${name}`), join(folder, name));
  }
  await looks(2);
  assert.equal(taken[0]?.tls?.certPem, next.cert);
  watch.stop();
});

test("[TLS9] an end within 14 days is said at the start and every day, one that has come as an error", { skip }, async () => {
  const { lines, looks, clock, watch } = rig(20);
  await looks(2);
  assert.deepEqual(lines, []);
  await clock.advance(7 * day);
  await looks(1);
  assert.match(lines.at(-1) ?? "", /^warn: http_server\.tls: the certificate of CN=localhost ends in 1[23] days/);
  const said = lines.length;
  await looks(5);
  assert.equal(lines.length, said, "once a day");
  await clock.advance(20 * day);
  await looks(1);
  assert.match(lines.at(-1) ?? "", /^error: .* ended at .*: nobody trusts it any more/);
  watch.stop();
});
