import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSessionSeal, SessionSealError } from './session-seal.js';

const key = () => ({ id: randomBytes(4), key: randomBytes(32) });
const family = { bucket: 2944, id: 'a-family' };
const session = {
  accessTokenExtra: { department: 'sales' },
  idTokenExtra: { email: 'alice@example.org' },
  nonce: 'n-0S6',
  userinfoClaims: ['email'],
};

describe('the session of a grant, sealed', () => {
  it('opens for its family and says nothing to a reader of the row', () => {
    const seal = createSessionSeal({ keys: [key()], randomBytes });
    const sealed = seal.seal(session, family);
    expect(seal.open(sealed, family)).toEqual(session);
    expect(sealed).toMatch(/^[0-9a-f]{8}\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(sealed.slice(9), 'base64url').toString('latin1')).not.toMatch(/alice|sales|n-0S6/);
    expect(seal.seal(session, family)).not.toBe(sealed);
  });

  it.each([
    ['another family', { bucket: 2944, id: 'another' }],
    ['another partition', { bucket: 2945, id: 'a-family' }],
  ])('does not open in the row of %s', (_, other) => {
    const seal = createSessionSeal({ keys: [key()], randomBytes });
    expect(() => seal.open(seal.seal(session, family), other)).toThrow(SessionSealError);
  });

  it('does not open when any of its bytes was changed, or when it was cut', () => {
    const seal = createSessionSeal({ keys: [key()], randomBytes });
    const sealed = seal.seal(session, family);
    const box = Buffer.from(sealed.slice(9), 'base64url');
    for (let at = 0; at < box.length; at++) {
      const changed = Buffer.from(box);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => seal.open(`${sealed.slice(0, 9)}${changed.toString('base64url')}`, family)).toThrow(
        SessionSealError,
      );
    }
    for (const cut of ['', sealed.slice(0, 8), sealed.slice(0, 20), sealed.slice(0, -4)]) {
      expect(() => seal.open(cut, family)).toThrow(SessionSealError);
    }
  });

  it('is sealed with the first key and opened with each of the list; the name of one key opens nothing of another', () => {
    const [older, newer] = [key(), key()];
    const old = createSessionSeal({ keys: [older], randomBytes }).seal(session, family);
    const both = createSessionSeal({ keys: [newer, older], randomBytes });
    expect(both.open(old, family)).toEqual(session);
    const sealed = both.seal(session, family);
    expect(sealed.slice(0, 8)).toBe(newer.id.toString('hex'));
    expect(() => createSessionSeal({ keys: [older], randomBytes }).open(sealed, family)).toThrow('another secret');
    const renamed = `${older.id.toString('hex')}${sealed.slice(8)}`;
    expect(() => both.open(renamed, family)).toThrow('moved or changed');
  });
});
