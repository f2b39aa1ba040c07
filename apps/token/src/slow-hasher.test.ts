import { describe, expect, it } from 'vitest';
import { createSlowHasher } from './slow-hasher.js';

describe('the slow hasher', () => {
  it('makes argon2id hashes with 19 MiB and two passes, and verifies them', async () => {
    const hasher = createSlowHasher();
    const hash = await hasher.hash('demo-password');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.verify(hash, 'demo-password')).toBe(true);
    expect(await hasher.verify(hash, 'Demo-password')).toBe(false);
  });

  it('runs a few at a time, lets some wait, and refuses the rest', async () => {
    const hasher = createSlowHasher({ concurrency: 1, queue: 2, perAddress: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => hasher.hash('demo-password')));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    await expect(hasher.hash('demo-password')).resolves.toMatch(/argon2id/);
  });

  it('refuses what is too much of one address with 429, and of its network in IPv6', async () => {
    const hasher = createSlowHasher({ concurrency: 1, queue: 100, perAddress: 1 });
    const stored = await hasher.hash('demo-password');
    const verify = (address: string) => hasher.verify(stored, 'wrong', { clientId: 'conf', address });
    const outcomes = await Promise.allSettled(
      ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3', '192.0.2.1', '192.0.2.1'].map(verify),
    );
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'checked' : outcome.reason))).toEqual([
      'checked',
      'checked',
      expect.objectContaining({ code: 'temporarily_unavailable', status: 429 }),
      'checked',
      expect.objectContaining({ code: 'temporarily_unavailable', status: 429 }),
    ]);
  });

  it('gives its place back when a hash fails', async () => {
    const hasher = createSlowHasher({ concurrency: 1, queue: 1, perAddress: 1 });
    await expect(hasher.verify('not a hash', 'x')).rejects.toThrow();
    await expect(hasher.hash('demo-password')).resolves.toMatch(/argon2id/);
  });
});
