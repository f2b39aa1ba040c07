import { createHmac } from 'node:crypto';
import { networkOf } from './network-of.js';

/**
 * Hashes the addresses that browsers come from, so that their pending requests can be counted and no address is kept. Of
 * IPv6 the network that one customer holds counts: its first 64 bits.
 */
export function createAddressHash(key: Buffer): (address: string) => string | undefined {
  return (address) =>
    address === '' ? undefined : createHmac('sha256', key).update(networkOf(address)).digest('base64url').slice(0, 22);
}
