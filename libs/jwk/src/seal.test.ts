import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSealer, SealError, type SealedAs } from './seal.js';
import { keyId } from './secrets.js';

const secret = 'the system secret of this test';
const sealer = createSealer({ secrets: [secret], randomBytes });
const as: SealedAs = { set: 's', kid: 'private', version: 7, part: 'private', algorithm: 'RS256', use: 'sig' };
const text = '{"kty":"oct","k":"plain"}';

describe('sealed key', () => {
  it('opens as the row it was sealed for', () => {
    expect(sealer.open(sealer.seal(text, as), as)).toBe(text);
    expect(sealer.open(sealer.seal('', as), as)).toBe('');
  });

  it('is another text each time, shows nothing, and begins with the key ID of its secret', () => {
    const [one, two] = [sealer.seal(text, as), sealer.seal(text, as)];
    expect(one.equals(two)).toBe(false);
    expect(one.includes('plain')).toBe(false);
    expect(one.subarray(0, 4).equals(keyId(secret))).toBe(true);
  });

  it.each([
    ['another set', { ...as, set: 't' }],
    ['another kid', { ...as, kid: 'public' }],
    ['another version', { ...as, version: 8 }],
    ['another part', { ...as, part: 'public' }],
    ['another algorithm', { ...as, algorithm: 'HS256' }],
    ['another use', { ...as, use: 'enc' }],
    ['fields that run together', { ...as, set: 'sp', kid: 'rivate' }],
  ])('does not open in a row with %s', (_name, row) => {
    const sealed = sealer.seal(text, as);
    expect(() => sealer.open(sealed, row)).toThrow(SealError);
  });

  it('does not open when any byte was changed or the end was cut', () => {
    const sealed = sealer.seal(text, as);
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(() => sealer.open(changed, as)).toThrow(SealError);
      expect(() => sealer.open(sealed.subarray(0, index), as)).toThrow(SealError);
    }
  });

  it('does not open with a data key taken from another row', () => {
    const other = sealer.seal('other', { ...as, kid: 'x' });
    const mixed = Buffer.concat([other.subarray(0, 64), sealer.seal(text, as).subarray(64)]);
    expect(() => sealer.open(mixed, as)).toThrow(SealError);
  });

  it('does not open with another secret', () => {
    const stranger = createSealer({ secrets: ['another system secret'], randomBytes });
    expect(() => stranger.open(sealer.seal(text, as), as)).toThrow('another system secret');
  });

  it('is wrapped anew under another secret as the same row, its text as it was', () => {
    const newer = 'a newer system secret';
    const rotating = createSealer({ secrets: [newer, secret], randomBytes });
    const before = sealer.seal(text, as);
    const after = rotating.rewrap(before, as);
    const without = createSealer({ secrets: [newer], randomBytes });
    expect(without.open(after, as)).toBe(text);
    expect(after.subarray(64).equals(before.subarray(64))).toBe(true);
    expect(() => without.open(after, { ...as, kid: 'x' })).toThrow(SealError);
    expect(() => rotating.rewrap(before, { ...as, set: 't' })).toThrow(SealError);
  });

  it('is sealed under the secret that is said to be in use', () => {
    const newer = 'a newer system secret';
    const rotating = createSealer({ secrets: [newer, secret], randomBytes });
    rotating.use(keyId(secret).toString('hex'));
    expect(sealer.open(rotating.seal(text, as), as)).toBe(text);
    rotating.use(keyId(newer).toString('hex'));
    expect(() => sealer.open(rotating.seal(text, as), as)).toThrow(SealError);
    expect(() => rotating.use('00000000')).toThrow('not held');
  });

  it('opens with an older secret of the list while the first one seals', () => {
    const rotated = createSealer({ secrets: ['a newer system secret', secret], randomBytes });
    expect(rotated.open(sealer.seal(text, as), as)).toBe(text);
    expect(() => sealer.open(rotated.seal(text, as), as)).toThrow(SealError);
  });
});
