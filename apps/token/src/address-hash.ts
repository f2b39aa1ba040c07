import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';

/**
 * Hashes the addresses that browsers come from, so that their pending requests can be counted and no address is kept. Of
 * IPv6 the network that one customer holds counts: its first 64 bits.
 */
export function createAddressHash(key: Buffer): (address: string) => string | undefined {
  return (address) =>
    address === '' ? undefined : createHmac('sha256', key).update(networkOf(address)).digest('base64url').slice(0, 22);
}

function networkOf(address: string): string {
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
