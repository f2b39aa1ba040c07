import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { compactVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { claimsOf, idTokenKey, signTestJwt } from './testing/authorization-harness.js';
import type { Grant } from './grant.js';
import { type IdTokenTools, mintIdToken } from './id-token.js';
import { createSubjectIdentifier } from './subject-identifier.js';
import { sampleClient } from './testing/sample-client.js';

const grant: Grant = {
  clientId: 'conf',
  clientUid: 'uid',
  subject: 'user:1',
  scopes: ['openid'],
  audience: [],
  accessTokenExtra: { hidden: true },
  idTokenExtra: { name: 'Dan', acr: '1' },
  authTime: 1_700_000_000,
};
const input = {
  grant,
  client: sampleClient(),
  issuer: 'https://issuer.example',
  now: 1_800_000_000_999,
  lifetimeMs: 3_600_000,
};

/** Says the algorithms one after the other, the last one for good. */
function signerOf(...algorithms: readonly string[]): IdTokenTools {
  let asked = 0;
  const next = (): string => algorithms[Math.min(asked++, algorithms.length - 1)] ?? '';
  return {
    subjectIdentifier: createSubjectIdentifier(Buffer.alloc(32)),
    idTokenSigner: {
      algorithm: async () => next(),
      sign: async (claims, wanted) => ({ jws: signTestJwt(claims, idTokenKey), algorithm: wanted ?? next() }),
    },
  };
}

function half(hash: string, text: string): string {
  const digest = createHash(hash).update(text).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

describe('an ID token', () => {
  it('has the claims of OpenID Connect Core section 2 and the extra ones', async () => {
    const jws = await mintIdToken(signerOf('RS256'), input);
    await compactVerify(jws, createPublicKey({ key: idTokenKey.jwk as JsonWebKey, format: 'jwk' }));
    expect(claimsOf(jws)).toEqual({
      name: 'Dan',
      acr: '1',
      iss: 'https://issuer.example',
      sub: 'user:1',
      aud: 'conf',
      exp: 1_800_003_600,
      iat: 1_800_000_000,
      auth_time: 1_700_000_000,
    });
  });

  it('names the client among several audiences as the authorized party', async () => {
    const audience = ['https://photos.example/', 'conf'];
    const jws = await mintIdToken(signerOf('RS256'), { ...input, grant: { ...grant, audience } });
    expect(claimsOf(jws)).toMatchObject({ aud: ['conf', 'https://photos.example/'], azp: 'conf' });
    const idTokenExtra = { azp: 'mallory' };
    const forged = await mintIdToken(signerOf('RS256'), { ...input, grant: { ...grant, audience, idTokenExtra } });
    expect(claimsOf(forged)).toMatchObject({ azp: 'conf' });
    expect(claimsOf(await mintIdToken(signerOf('RS256'), input))).not.toHaveProperty('azp');
  });

  it.each([
    ['RS256', 'sha256'],
    ['ES256', 'sha256'],
    ['PS384', 'sha384'],
    ['ES512', 'sha512'],
    ['EdDSA', 'sha512'],
  ])('signed with %s hashes access token and code with %s', async (algorithm, hash) => {
    const jws = await mintIdToken(signerOf(algorithm), {
      ...input,
      accessToken: 'ct_at_x',
      code: 'ct_ac_y',
      nonce: 'n',
    });
    expect(claimsOf(jws)).toMatchObject({ at_hash: half(hash, 'ct_at_x'), c_hash: half(hash, 'ct_ac_y'), nonce: 'n' });
  });

  it('is made again when the key is exchanged for one of another algorithm in between', async () => {
    const jws = await mintIdToken(signerOf('RS256', 'ES512'), { ...input, accessToken: 'ct_at_x' });
    expect(claimsOf(jws)['at_hash']).toBe(half('sha512', 'ct_at_x'));
  });

  it('is signed as its client registered, for the subject as that client knows it', async () => {
    const client = sampleClient({ openid: { idTokenSignedResponseAlg: 'ES512', subjectType: 'pairwise' } });
    const tools = signerOf('RS256');
    const claims = claimsOf(await mintIdToken(tools, { ...input, client, accessToken: 'ct_at_x' }));
    expect(claims['at_hash']).toBe(half('sha512', 'ct_at_x'));
    expect(claims['sub']).toBe(tools.subjectIdentifier(client, 'user:1'));
    expect(claims['sub']).not.toBe('user:1');
  });

  it('is not signed with an algorithm whose hash is unknown', async () => {
    await expect(mintIdToken(signerOf('HS256'), { ...input, code: 'c' })).rejects.toThrow('HS256');
  });

  it('never takes a reserved claim from the extra ones', async () => {
    const names = [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'nonce',
      'auth_time',
      'at_hash',
      'c_hash',
      's_hash',
      'azp',
      'events',
    ];
    const idTokenExtra = Object.fromEntries(names.map((name) => [name, 'forged']));
    const { authTime: _authTime, ...withoutTime } = grant;
    const jws = await mintIdToken(signerOf('RS256'), { ...input, grant: { ...withoutTime, idTokenExtra } });
    expect(Object.keys(claimsOf(jws)).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'sub']);
    expect(Object.values(claimsOf(jws))).not.toContain('forged');
  });
});
