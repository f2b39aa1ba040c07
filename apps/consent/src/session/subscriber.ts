import { isIPv6 } from 'node:net';

/**
 * Whom an address belongs to: of IPv6 the first 64 bits, which one subscriber holds (RFC 6177); an IPv4 address that is
 * mapped into IPv6 is that address. What is no IPv6 address is answered as it is.
 */
export function subscriberOf(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  // A URL writes an address in one way: small, without leading zeros, the longest run of zeros as `::`.
  const written = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written);
  if (mapped !== null) return bytesOf(mapped[1]).concat(bytesOf(mapped[2])).join('.');
  const [head = '', tail] = written.split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - behind.length;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...behind].slice(0, 4).join(':');
}

function bytesOf(group = ''): number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
