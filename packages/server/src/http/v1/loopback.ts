import ipaddr from "ipaddr.js";

/** 127.0.0.0/8, ::1, and their IPv4-mapped form. Anything unreadable is not loopback. */
export function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";
}
