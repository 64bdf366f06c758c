import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createTopicLayout } from "../topics.ts";
import { defaultMosquittoAclOptions, mosquittoAcl } from "./mosquitto-acl.ts";
import { defaultMosquittoOptions, mosquittoConf } from "./mosquitto-conf.ts";

const deploy = join(import.meta.dirname, "../../../../deploy/mosquitto");
const shippedFiles = {
  "mosquitto.conf": () => mosquittoConf(),
  "mosquitto-nothing-lost.conf": () => mosquittoConf({ ...defaultMosquittoOptions, durability: "nothing_lost" }),
  "fleetcast.acl": () => mosquittoAcl(),
};

for (const [name, generate] of Object.entries(shippedFiles)) {
  test(`[D9] deploy/mosquitto/${name} is what the generator makes`, () => {
    assert.equal(readFileSync(join(deploy, name), "utf8"), generate());
  });
}

test("[D9] the compose stack's mosquitto.conf is what the generator makes for it", () => {
  const tls = { certFile: "/certs/fullchain.pem", keyFile: "/certs/privkey.pem" };
  const generated = mosquittoConf({
    ...defaultMosquittoOptions,
    listeners: [
      { address: "0.0.0.0", port: 1883 },
      { address: "0.0.0.0", port: 8883, tls },
    ],
    passwordFile: "/mosquitto/data/passwd",
    aclFile: "/mosquitto/config/fleetcast.acl",
    persistenceLocation: "/mosquitto/data/",
  });
  assert.equal(readFileSync(join(deploy, "..", "compose", "mosquitto.conf"), "utf8"), generated);
});

test("[D10] both files save every second; only the small-fleet one saves on each change", () => {
  const fast = mosquittoConf();
  const safe = mosquittoConf({ ...defaultMosquittoOptions, durability: "nothing_lost" });
  assert.match(fast, /^persistence true$/m);
  assert.match(fast, /^autosave_interval 1$/m);
  assert.match(fast, /^autosave_on_changes false$/m);
  assert.match(safe, /^autosave_on_changes true$/m);
});

test("[D11] the window of un-acknowledged messages is the ingest's", () => {
  assert.match(mosquittoConf({ ...defaultMosquittoOptions, inflightMessagesMax: 512 }), /^max_inflight_messages 512$/m);
});

test("a TLS listener names its files and asks for certificates only where told", () => {
  const text = mosquittoConf({
    ...defaultMosquittoOptions,
    listeners: [
      { address: "0.0.0.0", port: 8883, tls: { certFile: "/c.pem", keyFile: "/k.pem", caFile: "/ca.pem", requireCertificate: true } },
    ],
  });
  assert.match(text, /^listener 8883 0\.0\.0\.0$/m);
  assert.match(text, /^certfile \/c\.pem$/m);
  assert.match(text, /^require_certificate true$/m);
  assert.match(text, /^use_identity_as_username true$/m);
});

test("options that would say something else in the file are refused", () => {
  for (const wrong of [
    { inflightMessagesMax: 0 },
    { inflightMessagesMax: 70_000 },
    { queuedMessagesMax: 10 },
    { passwordFile: "/x\nallow_anonymous true" },
    { listeners: [] },
    { listeners: [{ address: "::1", port: 8883, tls: { certFile: "/c\nallow_anonymous true", keyFile: "/k" } }] },
  ]) {
    assert.throws(() => mosquittoConf({ ...defaultMosquittoOptions, ...wrong }), RangeError);
  }
  assert.throws(() => mosquittoAcl({ ...defaultMosquittoAclOptions, ingestUser: "x\nuser y" }), RangeError);
});

test("[S2] another layout gives other rights, never a wildcard for a machine", () => {
  const acl = mosquittoAcl({ ingestUser: "ingest", layout: createTopicLayout({ telemetry: "fleet/telemetry/{vm_id}" }) });
  assert.match(acl, /^pattern write fleet\/telemetry\/%u$/m);
  assert.match(acl, /^topic read fleet\/telemetry\/\+$/m);
  assert.ok(!/^pattern .*[#+]/m.test(acl));
});
