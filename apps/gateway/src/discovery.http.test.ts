import { generateKeyPairSync } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestGateway, type TestGateway } from './testing/gateway-app.js';

const DOCUMENTS = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/.well-known/jwks.json',
] as const;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const ed = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
  // What no key manager should ever send: the wall must hold by itself.
  gateway.backends.keys = [
    { use: 'sig', kid: 'r', alg: 'RS256', ...rsa, oth: [{ r: 'r', d: 'd', t: 't' }], note: 'private' },
    { use: 'sig', kid: 'e', ...ec },
    { use: 'sig', kid: 'o', ...ed },
    { kty: 'oct', kid: 's', k: 'c2VjcmV0' },
    { kid: 'none' },
  ];
});
afterAll(() => gateway.close());

describe('the public documents', () => {
  it('are the metadata of the token service, as it wrote them', async () => {
    for (const url of DOCUMENTS.slice(0, 2)) {
      const response = await gateway.request({ url });
      expect([response.statusCode, response.body]).toEqual([200, '{"issuer":"https://issuer.example"}']);
      expect(response.headers['cache-control']).toBe('public, max-age=300');
    }
  });

  it('show public members of public keys only', async () => {
    const response = await gateway.request({ url: '/.well-known/jwks.json' });
    const { keys } = response.json();
    expect(keys.map((key: object) => Object.keys(key).sort())).toEqual([
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      ['crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['crv', 'kid', 'kty', 'use', 'x'],
    ]);
    expect(response.body).not.toContain('c2VjcmV0');
  });

  it('let the JWK Set be kept as long as the key manager says', async () => {
    const response = await gateway.request({ url: '/.well-known/jwks.json' });
    expect(response.headers['cache-control']).toBe('public, max-age=900');
    expect(response.headers['content-type']).toMatch(/^application\/json/);
  });

  it.each(DOCUMENTS)('%s: a caller who has this version gets 304, any origin may read it', async (url) => {
    const first = await gateway.request({ url, headers: { origin: 'null' } });
    const etag = String(first.headers.etag);
    expect(first.headers['access-control-allow-origin']).toBe('*');
    const again = await gateway.request({ url, headers: { 'if-none-match': `"other", W/${etag}` } });
    expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag]);
    const changed = await gateway.request({ url, headers: { 'if-none-match': '"other"' } });
    expect([changed.statusCode, changed.body]).toEqual([200, first.body]);
  });

  it.each(DOCUMENTS)('%s: HEAD is GET without body, POST is 405', async (url) => {
    const head = await gateway.request({ method: 'HEAD', url });
    expect([head.statusCode, head.body]).toEqual([200, '']);
    const post = await gateway.post(url, '');
    expect([post.statusCode, post.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

describe('the default consent page', () => {
  it('tells the administrator to set CONSENT_URL', async () => {
    const response = await gateway.request({ url: '/oauth2/consent?challenge=%3Cscript%3E' });
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(response.body).toContain('<title>Misconfigured consent endpoint</title>');
    expect(response.body).toContain('CONSENT_URL');
    expect(response.body).not.toContain('<script');
  });

  it('is absent where a consent app is configured', async () => {
    const configured = await startTestGateway({ consentUrl: 'https://consent.example/' });
    const response = await configured.request({ url: '/oauth2/consent' });
    await configured.close();
    expect(response.statusCode).toBe(404);
  });
});

describe('health', () => {
  it('answers exactly ok', async () => {
    const response = await gateway.request({ url: '/health' });
    expect([response.statusCode, response.body]).toEqual([200, 'ok']);
    expect(response.headers['content-type']).toMatch(/^text\/plain/);
  });

  it('is ready when the token service and the key manager answer', async () => {
    const [alive, ready] = await Promise.all(
      ['alive', 'ready'].map((which) => gateway.request({ url: `/health/${which}` })),
    );
    expect([alive?.statusCode, ready?.statusCode]).toEqual([200, 200]);
  });
});

describe('other paths of the public listener', () => {
  it.each(['/clients', '/policies', '/keys/hydra.openid.id-token', '/warden/allowed', '/metrics', '/openapi.json'])(
    '%s is not found',
    async (url) => {
      expect((await gateway.request({ url })).statusCode).toBe(404);
    },
  );
});
