import { describe, expect, it } from 'vitest';
import { createLoginThrottle } from './login-throttle.js';
import { subscriberOf } from './subscriber.js';

describe('the login throttle', () => {
  it('lets five attempts for an account through, then none until 15 minutes after the first', () => {
    let now = 0;
    const throttle = createLoginThrottle(() => now);
    for (let attempt = 0; attempt < 5; attempt += 1) expect(throttle.attempt(`10.0.0.${attempt}`, 'dan')).toBe(0);
    now = 60_000;
    expect(throttle.attempt('10.0.0.9', 'dan')).toBe(840);
    expect(throttle.attempt('10.0.0.9', 'eve')).toBe(0);
    now = 900_000;
    expect(throttle.attempt('10.0.0.9', 'dan')).toBe(0);
  });

  it('lets fifty failures from one address through, whatever the accounts', () => {
    const throttle = createLoginThrottle(() => 0);
    for (let attempt = 0; attempt < 50; attempt += 1) expect(throttle.attempt('10.0.0.1', `user ${attempt}`)).toBe(0);
    expect(throttle.attempt('10.0.0.1', 'another')).toBe(900);
    expect(throttle.attempt('10.0.0.2', 'another')).toBe(0);
  });

  it('cannot be made to forget by attempts that it refuses', () => {
    const throttle = createLoginThrottle(() => 0);
    for (let attempt = 0; attempt < 5; attempt += 1) throttle.attempt('10.0.0.2', 'dan');
    for (let attempt = 0; attempt < 50; attempt += 1) throttle.attempt('10.0.0.1', `user ${attempt}`);
    // One address names ever other accounts; ever other addresses name one account.
    const waits = new Set<number>();
    for (let attempt = 0; attempt < 25_000; attempt += 1) {
      waits.add(throttle.attempt('10.0.0.1', `other ${attempt}`));
      waits.add(throttle.attempt(`10.1.${attempt >> 8}.${attempt & 255}`, 'dan'));
    }
    expect([...waits]).toEqual([900]);
    expect(throttle.attempt('10.0.0.1', 'eve')).toBe(900);
    expect(throttle.attempt('10.0.0.3', 'dan')).toBe(900);
  });

  it('takes the addresses of one subscriber for one', () => {
    const throttle = createLoginThrottle(() => 0);
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(throttle.attempt(`2001:db8:0:7:${attempt.toString(16)}::1`, `user ${attempt}`)).toBe(0);
    }
    expect(throttle.attempt('2001:db8:0:7:ffff:ffff:ffff:ffff', 'another')).toBe(900);
    expect(throttle.attempt('2001:db8:0:8::1', 'another')).toBe(0);
  });

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:0001', '10.0.0.1'],
    ['2001:DB8::1', '2001:db8:0:0'],
    ['2001:db8:0:0:1:2:3:4', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4'],
    ['', ''],
  ])('%s is an address of %s', (address, subscriber) => {
    expect(subscriberOf(address)).toBe(subscriber);
  });

  it('does not count successes', () => {
    const throttle = createLoginThrottle(() => 0);
    for (let attempt = 0; attempt < 200; attempt += 1) {
      expect(throttle.attempt('10.0.0.1', 'dan')).toBe(0);
      throttle.succeed('10.0.0.1', 'dan');
    }
  });
});
