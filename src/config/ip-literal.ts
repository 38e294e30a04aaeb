/** An IP address as numbers: 4 bytes or 16. */
export interface IpLiteral {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  /** Interface of a link-local IPv6 address. */
  readonly zone?: string;
}

/** Reads an IPv4 or IPv6 address (RFC 4291 text forms, zone allowed); undefined if it is none. */
export function parseIp(text: string): IpLiteral | undefined {
  const [address, zone, ...rest] = text.split("%");
  if (rest.length > 0 || address === undefined) return undefined;
  const four = parseIpv4(address);
  if (four) return zone === undefined ? { family: 4, bytes: four } : undefined;
  const six = parseIpv6(address);
  if (!six || zone === "") return undefined;
  return { family: 6, bytes: six, ...(zone === undefined ? {} : { zone }) };
}

/** One spelling per address, for comparison. */
export function canonicalIp(ip: IpLiteral): string {
  return `${ip.bytes.join(".")}${ip.zone === undefined ? "" : `%${ip.zone}`}`;
}

export function isMulticast(ip: IpLiteral): boolean {
  const first = ip.bytes[0]!;
  return ip.family === 4 ? first >= 224 && first <= 239 : first === 0xff;
}

/** 224.0.0.0/24 and ff02::/16 are for routing protocols and are not delivered as one expects. */
export function isReservedMulticast(ip: IpLiteral): boolean {
  if (ip.family === 6) return ip.bytes[1] === 0x02 || ip.bytes[1] === 0x01;
  return ip.bytes[0] === 224 && ip.bytes[1] === 0 && ip.bytes[2] === 0;
}

export function isLoopback(ip: IpLiteral): boolean {
  if (ip.family === 4) return ip.bytes[0] === 127;
  return ip.bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

/** 0.0.0.0 and ::. */
export function isUnspecified(ip: IpLiteral): boolean {
  return ip.bytes.every((byte) => byte === 0);
}

/** ADDRESS/PREFIX; the prefix may be missing. */
export function parseIpWithPrefix(text: string): { ip: IpLiteral; prefix?: number } | undefined {
  const [address, prefixText, ...rest] = text.split("/");
  const ip = rest.length === 0 && address !== undefined ? parseIp(address) : undefined;
  if (ip === undefined) return undefined;
  if (prefixText === undefined) return { ip };
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  return prefix <= ip.bytes.length * 8 ? { ip, prefix } : undefined;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  // A leading zero is octal to some and decimal to others: refused, as by inet_pton.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part)))
    return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves[1] === undefined ? [] : parseGroups(halves[1], true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
}

/** Groups of hexadecimal digits; the last may be an IPv4 address. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const four = last && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (four) bytes.push(...four);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes.length <= 16 ? bytes : undefined;
}
