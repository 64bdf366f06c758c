import { BlockList, isIP } from "node:net";

/**
 * What kind of place an IP address is, by the registries of special-purpose addresses (RFC 6890 and later).
 * `private`: this machine and the operator's own networks. `never`: link-local (where clouds hand out credentials), multicast,
 * unspecified, documentation, and forms that wrap another address.
 */
export type AddressKind = "public" | "private" | "never";

const privateNets = netsOf(["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"]);

const neverNets = netsOf([
  "0.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "::/128",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  "fd00:ec2::254/128",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
]);

/** An IPv4 address in IPv6 clothes is judged as what it is. */
const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const mappedHex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i;

export function kindOf(address: string): AddressKind {
  const plain = unmapped(address);
  const family = isIP(plain);
  if (family === 0) return "never";
  const type = family === 4 ? "ipv4" : "ipv6";
  if (neverNets.check(plain, type)) return "never";
  if (privateNets.check(plain, type)) return "private";
  // ::/96 held IPv4 addresses once; nothing public is left there.
  return family === 6 && /^::[0-9a-f.:]*$/i.test(plain) ? "never" : "public";
}

function unmapped(address: string): string {
  const dotted = mapped.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = mappedHex.exec(address);
  if (hex === null) return address;
  const [high, low] = [Number.parseInt(hex[1]!, 16), Number.parseInt(hex[2]!, 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** `10.0.0.0/8`, `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address, bits, ...more] = text.split("/");
  const family = isIP(address ?? "");
  return family !== 0 && more.length === 0 && /^\d{1,3}$/.test(bits ?? "") && Number(bits) <= (family === 4 ? 32 : 128);
}

/** Is the address in one of the networks? An IPv4 address in IPv6 clothes is looked for as what it is. */
export function withinNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = netsOf(networks);
  return (address) => {
    const plain = unmapped(address);
    return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 4 ? "ipv4" : "ipv6");
  };
}

function netsOf(nets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const net of nets) {
    const [address, bits] = net.split("/") as [string, string];
    list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}
