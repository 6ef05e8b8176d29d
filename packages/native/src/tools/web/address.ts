/** Which addresses belong to this machine or its networks: what answers there was not meant for whoever writes a web page. */
import { BlockList, isIP } from "node:net";

/** Special ranges of IPv4 and IPv6 that are not the public internet (IANA's registries of special-purpose addresses). */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"],
  reserved: [
    "0.0.0.0/8",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "100::/64",
    "2001:db8::/32",
    "ff00::/8",
  ],
};

const LISTS = Object.entries(RANGES).map(([kind, ranges]) => {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return { kind, list };
});

/** What kind of address it is, where it is not public; undefined for a public one. What is no address is `unknown`. */
export function privateKind(address: string): string | undefined {
  const bare = address.replace(/%.*$/, "");
  const version = isIP(bare);
  if (version === 0) return "unknown";
  const embedded = version === 6 ? embeddedIpv4(bare) : undefined;
  if (embedded !== undefined) return privateKind(embedded);
  const family = version === 6 ? "ipv6" : "ipv4";
  return LISTS.find(({ list }) => list.check(bare, family))?.kind;
}

/** The IPv4 address that an IPv6 one leads to: mapped, compatible, translated (NAT64), 6to4. */
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address);
  const [a = 0, b = 0, c = 0] = groups;
  const dotted = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join(".");
  const isZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  const [high = 0, low = 0] = groups.slice(6);
  if (isZero(0, 5) && groups[5] === 0xffff) return dotted(high, low);
  if (isZero(0, 4) && groups[4] === 0xffff && groups[5] === 0) return dotted(high, low);
  if (isZero(0, 6) && (high !== 0 || low > 1)) return dotted(high, low);
  if (a === 0x64 && b === 0xff9b) return dotted(high, low);
  return a === 0x2002 ? dotted(b, c) : undefined;
}

function groupsOf(address: string): number[] {
  const ipv4 = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high: string | undefined, low: string | undefined) =>
    ((Number(high) << 8) | Number(low)).toString(16);
  const plain = ipv4 === null ? address : `${ipv4[1]}${hex(ipv4[2], ipv4[3])}:${hex(ipv4[4], ipv4[5])}`;
  const [head = "", tail] = plain.split("::");
  const parts = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return parts(head);
  const [first, last] = [parts(head), parts(tail)];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}
