import { describe, expect, it } from 'vitest';
import { createAddressHash } from './address-hash.js';

const hash = createAddressHash(Buffer.alloc(32, 1));

describe('the hash of an address', () => {
  it.each([
    ['one customer of IPv6', '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['one way to write it and another', '2001:0db8::2:0:0:0:1', '2001:db8:0:2::9'],
    ['IPv4 and the same mapped', '192.0.2.7', '::ffff:192.0.2.7'],
    ['an address with a zone', 'fe80::1', 'fe80::1%eth0'],
  ])('is the same for %s', (_, one, other) => {
    expect(hash(one)).toBe(hash(other));
  });

  it.each([
    ['192.0.2.7', '192.0.2.8'],
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['::1', '192.0.2.7'],
  ])('tells %s from %s', (one, other) => {
    expect(hash(one)).not.toBe(hash(other));
  });

  it('says nothing of the address, and there is none of an unknown one', () => {
    expect(hash('192.0.2.7')).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(createAddressHash(Buffer.alloc(32, 2))('192.0.2.7')).not.toBe(hash('192.0.2.7'));
    expect(hash('')).toBeUndefined();
  });
});
