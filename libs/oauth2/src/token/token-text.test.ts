import { createHash, createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bucketEnd, createTokenText, familyBucket, tokenBucket, type TokenType } from './token-text.js';

const key = { id: Buffer.from('01020304', 'hex'), key: Buffer.alloc(32, 7) };
const issuer = 'https://as.example';
const texts = createTokenText({ keys: [key], issuer, randomBytes });
const types: TokenType[] = ['access_token', 'refresh_token', 'authorization_code'];

describe('the text of a token', () => {
  it.each([
    ['access_token', 'ct_at_'],
    ['refresh_token', 'ct_rt_'],
    ['authorization_code', 'ct_ac_'],
  ] as const)('of type %s begins with %s, names key and bucket, and ends with its MAC', (type, prefix) => {
    const { text, key: row } = texts.mint(type, 491_234);
    const [head = '', mac = ''] = text.split('.');
    expect(text).toMatch(new RegExp(`^${prefix}[A-Za-z0-9_-]{54}\\.[A-Za-z0-9_-]{43}$`));
    const payload = Buffer.from(head.slice(prefix.length), 'base64url');
    expect(payload).toHaveLength(40);
    expect(payload.subarray(0, 4)).toEqual(key.id);
    expect(payload.readUInt32BE(4)).toBe(491_234);
    const expected = createHmac('sha256', key.key).update(`${type}\0${issuer}\0${head}`).digest();
    expect(mac).toBe(expected.toString('base64url'));
    expect(row).toEqual({ bucket: 491_234, id: createHash('sha256').update(expected).digest('base64url') });
  });

  it('is read back as the same row', () => {
    for (const type of types) {
      const { text, key: row } = texts.mint(type, 1);
      expect(texts.parse(text, type)).toEqual(row);
    }
  });

  it('is never of another type', () => {
    for (const made of types) {
      for (const asked of types.filter((type) => type !== made)) {
        const { text } = texts.mint(made, 1);
        expect(texts.parse(text, asked)).toBeUndefined();
        const prefix = texts.mint(asked, 1).text.slice(0, 6);
        expect(texts.parse(prefix + text.slice(6), asked)).toBeUndefined();
      }
    }
  });

  it('with any character changed, added or taken away is unknown', () => {
    const { text } = texts.mint('access_token', 491_234);
    for (let index = 0; index < text.length; index++) {
      const other = text[index] === 'A' ? 'B' : 'A';
      expect(texts.parse(text.slice(0, index) + other + text.slice(index + 1), 'access_token')).toBeUndefined();
      expect(texts.parse(text.slice(0, index) + text.slice(index + 1), 'access_token')).toBeUndefined();
      expect(texts.parse(`${text.slice(0, index)}A${text.slice(index)}`, 'access_token')).toBeUndefined();
    }
  });

  it('has no twin in another encoding', () => {
    const { text } = texts.mint('access_token', 491_234);
    const [head = '', mac = ''] = text.split('.');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const trailing = (part: string) =>
      [...alphabet]
        .map((last) => part.slice(0, -1) + last)
        .filter((twin) => twin !== part && Buffer.from(twin, 'base64url').equals(Buffer.from(part, 'base64url')));
    const twins = [
      ...trailing(head).map((twin) => `${twin}.${mac}`),
      ...trailing(mac).map((twin) => `${head}.${twin}`),
      `${text}=`,
      `${head}=.${mac}`,
      ` ${text}`,
      `${text} `,
      text.toUpperCase(),
      `CT_AT_${text.slice(6)}`,
      text.replace('.', '%2E'),
      text.replaceAll('_', '%5F'),
      `${text}.`,
      `${head}..${mac}`,
      text.replaceAll('-', '+').replaceAll('_', '/'),
      `${text}\n`,
    ];
    expect(twins.length).toBeGreaterThan(14);
    for (const twin of twins) expect(texts.parse(twin, 'access_token')).toBeUndefined();
  });

  it('made of two tokens is unknown', () => {
    const [a, b] = [texts.mint('access_token', 1).text, texts.mint('access_token', 1).text];
    expect(texts.parse(`${a.split('.')[0]}.${b.split('.')[1]}`, 'access_token')).toBeUndefined();
  });

  it('of another secret or another issuer is unknown', () => {
    const otherKey = createTokenText({ keys: [{ id: key.id, key: Buffer.alloc(32, 8) }], issuer, randomBytes });
    const otherIssuer = createTokenText({ keys: [key], issuer: 'https://other.example', randomBytes });
    for (const others of [otherKey, otherIssuer]) {
      expect(texts.parse(others.mint('access_token', 1).text, 'access_token')).toBeUndefined();
    }
  });

  it('made with an older key is known while that key is in the ring', () => {
    const newer = { id: Buffer.from('0a0b0c0d', 'hex'), key: Buffer.alloc(32, 9) };
    const rotated = createTokenText({ keys: [newer, key], issuer, randomBytes });
    const { text, key: row } = texts.mint('refresh_token', 1);
    expect(rotated.parse(text, 'refresh_token')).toEqual(row);
    expect(texts.parse(rotated.mint('refresh_token', 1).text, 'refresh_token')).toBeUndefined();
  });

  it('never repeats', () => {
    const minted = new Set(Array.from({ length: 10_000 }, () => texts.mint('authorization_code', 1).text));
    expect(minted.size).toBe(10_000);
  });
});

describe('an expiry bucket', () => {
  const hour = 3_600_000;
  const week = 604_800_000;

  it('counts hours for access tokens and codes, weeks for refresh tokens and families', () => {
    expect(tokenBucket('access_token', 10.5 * hour)).toBe(10);
    expect(tokenBucket('authorization_code', 10.5 * hour)).toBe(10);
    expect(tokenBucket('refresh_token', 10.5 * week)).toBe(10);
    expect(familyBucket(10.5 * week)).toBe(10);
  });

  it('ends no sooner than the row that is stored a little later', () => {
    for (const expiresAt of [10 * hour, 11 * hour - 1, 11 * hour - 30_000]) {
      expect(bucketEnd('access_token', tokenBucket('access_token', expiresAt))).toBeGreaterThan(expiresAt + 30_000);
    }
  });
});
