import assert from "node:assert/strict";
import { test } from "node:test";
import { type AddressKind, kindOf } from "./addresses.ts";

const addresses: Readonly<Record<AddressKind, readonly string[]>> = {
  public: ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"],
  private: [
    "127.0.0.1",
    "127.255.255.255",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::FFFF:10.1.2.3",
  ],
  never: [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:1::1",
    "::127.0.0.1",
    "::7f00:1",
    "192.0.2.1",
    "not an address",
    "127.1",
    "0x7f.0.0.1",
  ],
};

for (const [kind, list] of Object.entries(addresses)) {
  test(`[OUT2] ${kind} addresses`, () => {
    for (const address of list) assert.equal(kindOf(address), kind, address);
  });
}
