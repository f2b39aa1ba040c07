import { isIPv6 } from 'node:net';

/**
 * The network of the one subscriber that an address belongs to: an IPv4 address, also where it is mapped into IPv6, or the
 * first 64 bits of an IPv6 address (RFC 6177). What is no IP address is answered as it is.
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return plain;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(plain);
  if (mapped !== null) return mapped[1] ?? '';
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
