import { BlockList, isIP, isIPv4 } from 'node:net';

/** A set of networks. */
export type AddressList = {
  /** Whether the address (of a TCP peer) lies in one of the networks. IPv4 inside IPv6 counts as IPv4. */
  includes(address: string | undefined): boolean;
};

/** An IPv4 address that the socket reports inside IPv6 (`::ffff:10.0.0.1`), as IPv4. */
export function plainAddress(address: string): string {
  const inner = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return inner !== undefined && isIPv4(inner) ? inner : address;
}

/** Reads networks separated by commas, such as `10.0.0.0/8,::1`; undefined when one cannot be read or none is given. */
export function parseAddressList(text: string): AddressList | undefined {
  const list = new BlockList();
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) return undefined;
  for (const entry of entries) {
    const [network = '', prefix, ...rest] = entry.split('/');
    const version = isIP(network);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (version === 0 || rest.length > 0 || bits < 0 || bits > (version === 4 ? 32 : 128)) return undefined;
    list.addSubnet(network, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return {
    includes(address) {
      if (address === undefined) return false;
      const plain = plainAddress(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}
