import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createJsonSeal } from './interaction/json-seal.js';
import { createPageTokens } from './page-token.js';

function setUp() {
  const clock = { now: 1_750_000_000_000 };
  const keys = [{ id: randomBytes(4), key: randomBytes(32) }] as const;
  const seal = createJsonSeal({ keys: [keys[0]], randomBytes });
  return { clock, tokens: createPageTokens({ seal, now: () => clock.now }) };
}

describe('a page token (DB-05)', () => {
  it('opens for its own list and no other', () => {
    const { tokens } = setUp();
    const token = tokens.seal("a'; DROP TABLE token.client; --", 'clients of alice');
    expect(tokens.open(token, 'clients of alice')).toBe("a'; DROP TABLE token.client; --");
    expect(() => tokens.open(token, 'clients of bob')).toThrow('invalid_request');
  });

  it('ends after a day', () => {
    const { clock, tokens } = setUp();
    const token = tokens.seal('x', 'list');
    clock.now += 24 * 3_600_000 - 1;
    expect(tokens.open(token, 'list')).toBe('x');
    clock.now += 1;
    expect(() => tokens.open(token, 'list')).toThrow('invalid_request');
  });

  it('cannot be made up, changed or read', () => {
    const { tokens } = setUp();
    const token = tokens.seal('place-in-clear', 'list');
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain('place-in-clear');
    const changed = token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    for (const forged of [
      '',
      'x',
      '.',
      changed,
      `${token}xxxx`,
      'x'.repeat(10_000),
      setUp().tokens.seal('x', 'list'),
    ]) {
      expect(() => tokens.open(forged, 'list')).toThrow('invalid_request');
    }
  });
});
