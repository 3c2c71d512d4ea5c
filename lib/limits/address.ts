import { isIP } from "node:net";

/** As some proxies send it: with a port, or in the brackets of a URL. */
const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;
/** Of a text that is no address. */
const MAX_LENGTH = 64;
/** What stands before an IPv4 address that is written as IPv6. */
const IPV4_PREFIXES: readonly Buffer[] = [
  // RFC 4291 section 2.5.5.2: as a socket for both versions has it.
  Buffer.from("00000000000000000000ffff", "hex"),
  // RFC 6052 section 2.1: as NAT64 makes it, 64:ff9b::/96.
  Buffer.from("0064ff9b0000000000000000", "hex"),
];

/**
 * Where an address is, in one spelling: an IPv4 address itself, also if it is written as an IPv6 one; of any other the /64, as
 * whoever has one address of it has them all (RFC 8981). Text that is no address counts by its first characters.
 */
export function placeOf(ip: string): string {
  const text = ip.trim();
  const [, bracketed, ipv4] = WITH_PORT.exec(text) ?? [];
  const address = (bracketed ?? ipv4 ?? text).replace(/%.*/s, "");
  switch (isIP(address)) {
    case 4:
      return address;
    case 6:
      return placeOfIpv6(bytesOf(address));
    default:
      return text.slice(0, MAX_LENGTH);
  }
}

function placeOfIpv6(bytes: Buffer): string {
  if (IPV4_PREFIXES.some((prefix) => bytes.subarray(0, 12).equals(prefix))) return bytes.subarray(12).join(".");
  const network = [0, 2, 4, 6].map((at) => bytes.readUInt16BE(at).toString(16));
  return `${network.join(":")}::/64`;
}

/** RFC 4291 section 2.2. */
function bytesOf(ipv6: string): Buffer {
  const gap = ipv6.includes("::") ? ipv6.indexOf("::") : ipv6.length;
  const left = bytesOfGroups(ipv6.slice(0, gap));
  const right = bytesOfGroups(ipv6.slice(gap + 2));
  const bytes = Buffer.alloc(16);
  bytes.set(left);
  bytes.set(right, bytes.length - right.length);
  return bytes;
}

function bytesOfGroups(groups: string): readonly number[] {
  if (groups === "") return [];
  return groups.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const number = parseInt(group, 16);
    return [number >> 8, number & 0xff];
  });
}
