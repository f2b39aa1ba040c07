import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RSA_BITS, generateKey } from './generate-key.js';
import { importJwk } from './validate-jwk.js';

const generation = { rsaBits: 2048, randomBytes };

describe('generated key', () => {
  it.each([
    ['RS256', { kty: 'RSA', alg: 'RS256' }],
    ['RS384', { kty: 'RSA', alg: 'RS384' }],
    ['RS512', { kty: 'RSA', alg: 'RS512' }],
    ['PS256', { kty: 'RSA', alg: 'PS256' }],
    ['PS384', { kty: 'RSA', alg: 'PS384' }],
    ['PS512', { kty: 'RSA', alg: 'PS512' }],
    ['ES256', { kty: 'EC', crv: 'P-256', alg: 'ES256' }],
    ['ES384', { kty: 'EC', crv: 'P-384', alg: 'ES384' }],
    ['ES512', { kty: 'EC', crv: 'P-521', alg: 'ES512' }],
    ['ES521', { kty: 'EC', crv: 'P-521', alg: 'ES512' }],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' }],
    ['HS256', { kty: 'oct', alg: 'HS256' }],
    ['HS384', { kty: 'oct', alg: 'HS384' }],
    ['HS512', { kty: 'oct', alg: 'HS512' }],
  ])('for %s says what it is and would be accepted as a key brought along', async (algorithm, members) => {
    const jwk = await generateKey(algorithm, generation);
    expect(jwk).toMatchObject({ ...members, use: 'sig' });
    expect(await importJwk(JSON.stringify(jwk))).toEqual(jwk);
  });

  it.each(['', 'none', 'RS1', 'rs256', 'constructor', 'RSA1_5'])('is not made for "%s"', async (algorithm) => {
    await expect(generateKey(algorithm, generation)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('of RSA has 3072 bits unless configured, and all members that hydra-js and others read', async () => {
    const jwk = await generateKey('RS256', { rsaBits: DEFAULT_RSA_BITS, randomBytes });
    expect(Buffer.from(jwk.n ?? '', 'base64url')).toHaveLength(384);
    for (const member of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const) expect(jwk[member]).toMatch(/^[\w-]+$/);
  });

  it('is made while the event loop goes on', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await generateKey('RS256', { rsaBits: 4096, randomBytes });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});
