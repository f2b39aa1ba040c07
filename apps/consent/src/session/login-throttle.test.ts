import { describe, expect, it } from 'vitest';
import { createLoginThrottle } from './login-throttle.js';

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

  it('does not count successes', () => {
    const throttle = createLoginThrottle(() => 0);
    for (let attempt = 0; attempt < 200; attempt += 1) {
      expect(throttle.attempt('10.0.0.1', 'dan')).toBe(0);
      throttle.succeed('10.0.0.1', 'dan');
    }
  });
});
