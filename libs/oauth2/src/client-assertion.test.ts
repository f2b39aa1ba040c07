import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { formatJwk, type Jwk } from '@castellan/jwk';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Client } from './client.js';
import { clientAssertionType } from './client-assertion.js';
import { readClientKeys } from './client-keys.js';
import { validateClient } from './client-metadata.js';
import { sampleClient } from './testing/sample-client.js';
import { basic, createTokenHarness, issuer, refusalOf, type TokenHarness } from './token/token-harness.js';

type Signer = { readonly privateKey: KeyObject; readonly jwk: Jwk };

function ecKey(kid?: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...(publicKey.export({ format: 'jwk' }) as Jwk), ...(kid !== undefined ? { kid } : {}) };
  return { privateKey, jwk };
}

const key = ecKey('k1');
const other = ecKey('k2');

let harness: TokenHarness;
let count = 0;

beforeEach(async () => {
  harness = await createTokenHarness();
});

function claims(changes: object = {}): object {
  const now = Math.floor(harness.now() / 1000);
  return { iss: 'pkjwt', sub: 'pkjwt', aud: issuer, jti: `jti-${++count}`, iat: now, exp: now + 60, ...changes };
}

function assertion(payload: object = claims(), header: object = {}, signer = key): string {
  const head = { alg: 'ES256', kid: 'k1', typ: 'JWT', ...header };
  const input = [head, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(input), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

async function register(changes: Partial<Client> = {}): Promise<void> {
  const { client } = validateClient(
    sampleClient({ id: 'pkjwt', tokenEndpointAuthMethod: 'private_key_jwt', jwks: [key.jwk], ...changes }),
  );
  await harness.clients.insert(client, undefined);
}

function form(text: string, more: Record<string, string> = {}) {
  return { client_assertion: text, client_assertion_type: clientAssertionType, ...more };
}

function ask(text: string, more: Record<string, string> = {}, authorization = '') {
  return harness.token({ grant_type: 'client_credentials', ...form(text, more) }, authorization);
}

const refused = { error: 'invalid_client', status: 401 };

describe('private_key_jwt', () => {
  beforeEach(() => register());

  it('authenticates at the token, revocation and introspection endpoints', async () => {
    const { accessToken } = await ask(assertion());
    expect(await harness.introspectForCaller({ token: accessToken, ...form(assertion()) })).toMatchObject({
      active: true,
    });
    await harness.revoke({ token: accessToken, ...form(assertion()) });
    expect(await harness.isActive(accessToken)).toBe(false);
  });

  it('takes an assertion once (CA-15)', async () => {
    const once = assertion();
    const attempts = await Promise.allSettled(Array.from({ length: 32 }, () => ask(once)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await refusalOf(ask(once))).toEqual(refused);
  });

  it('burns an assertion once when the client is changed while it is used', async () => {
    await ask(assertion());
    await harness.clients.update((await harness.clients.find('pkjwt'))?.client ?? sampleClient(), 'keep');
    expect((await ask(assertion())).accessToken).toMatch(/^ct_at_/);
  });

  const bad: [string, () => string][] = [
    ['no sub', () => assertion(claims({ sub: undefined }))],
    ['another iss', () => assertion(claims({ iss: 'evil' }))],
    ['another sub', () => assertion(claims({ sub: 'conf' }))],
    ['the token URL as aud', () => assertion(claims({ aud: `${issuer}/oauth2/token` }))],
    ['a list as aud', () => assertion(claims({ aud: [issuer] }))],
    ['the issuer and another as aud', () => assertion(claims({ aud: [issuer, 'https://evil.example'] }))],
    ['the issuer with a slash as aud', () => assertion(claims({ aud: `${issuer}/` }))],
    ['no aud', () => assertion(claims({ aud: undefined }))],
    ['no jti', () => assertion(claims({ jti: undefined }))],
    ['a numeric jti', () => assertion(claims({ jti: 5 }))],
    ['no exp', () => assertion(claims({ exp: undefined }))],
    ['an expired one', () => assertion(claims({ exp: Math.floor(harness.now() / 1000) - 31 }))],
    ['one good for a day', () => assertion(claims({ exp: Math.floor(harness.now() / 1000) + 86_400 }))],
    ['exp as text', () => assertion(claims({ exp: '1e99' }))],
    ['a fractional exp', () => assertion(claims({ exp: harness.now() / 1000 + 0.5 }))],
    ['nbf in the future', () => assertion(claims({ nbf: Math.floor(harness.now() / 1000) + 60 }))],
    ['iat in the future', () => assertion(claims({ iat: Math.floor(harness.now() / 1000) + 60 }))],
    ['the key of another client', () => assertion(claims(), {}, other)],
    ['an unknown kid', () => assertion(claims(), { kid: '../../x' })],
    ['a kid that is an object', () => assertion(claims(), { kid: { a: 1 } })],
    ['alg none', () => assertion(claims(), { alg: 'none' })],
    ['another alg', () => assertion(claims(), { alg: 'RS256' })],
    ['no alg', () => assertion(claims(), { alg: undefined })],
    ['crit', () => assertion(claims(), { crit: ['exp'] })],
    ['b64', () => assertion(claims(), { b64: false })],
    ['the type of an access token', () => assertion(claims(), { typ: 'at+jwt' })],
    ['JSON serialization', () => JSON.stringify({ payload: 'x', signature: 'y' })],
    ['a JWE', () => 'e30.e30.e30.e30.e30'],
    [
      'a member twice',
      () => assertion().replace(/^[^.]+/, Buffer.from('{"alg":"ES256","alg":"ES256"}').toString('base64url')),
    ],
  ];
  it.each(bad)('is refused with %s', async (_, make) => {
    expect(await refusalOf(ask(make()))).toEqual(refused);
  });

  it('is refused when HMAC is made with the public key (CA-21)', async () => {
    const [head, body] = assertion(claims(), { alg: 'HS256' }).split('.');
    for (const secret of [formatJwk(key.jwk), key.jwk.x ?? '']) {
      const mac = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
      expect(await refusalOf(ask(`${head}.${body}.${mac}`))).toEqual(refused);
    }
  });

  it('is the only way in for its client, and for no other (CA-02)', async () => {
    expect(await refusalOf(ask(assertion(), { client_id: 'conf' }))).toEqual(refused);
    const secret = { grant_type: 'client_credentials', client_id: 'pkjwt', client_secret: 'conf-secret' };
    expect(await refusalOf(harness.token(secret))).toEqual(refused);
    expect(await refusalOf(harness.token({ grant_type: 'client_credentials', client_id: 'pkjwt' }))).toEqual(refused);
    await harness.register({ jwks: [key.jwk] });
    expect(await refusalOf(ask(assertion(claims({ iss: 'conf', sub: 'conf' }))))).toEqual(refused);
  });

  it('is not mixed with another method (CA-01), nor comes with another type (CA-27)', async () => {
    const mixed = { error: 'invalid_request', status: 400 };
    expect(await refusalOf(ask(assertion(), {}, basic('pkjwt', 'x')))).toEqual(mixed);
    expect(await refusalOf(ask(assertion(), { client_secret: 'x' }))).toEqual(mixed);
    expect(await refusalOf(ask(assertion(), { client_assertion_type: 'urn:other' }))).toEqual(mixed);
    const lone = { grant_type: 'client_credentials', client_assertion: assertion() };
    expect(await refusalOf(harness.token(lone))).toEqual(mixed);
    const typeOnly = { grant_type: 'client_credentials', client_assertion_type: clientAssertionType };
    expect(await refusalOf(harness.token(typeOnly))).toEqual(mixed);
  });
});

describe('the audience of an assertion, where the token URL is taken', () => {
  const url = `${issuer}/oauth2/token`;

  beforeEach(async () => {
    harness = await createTokenHarness({ assertionAudience: 'issuer-or-token-url' });
    await register();
  });

  it.each([[issuer], [url], [[issuer]], [[url]]])('may be %j (RFC 7519 section 4.1.3)', async (aud) => {
    expect((await ask(assertion(claims({ aud })))).accessToken).toMatch(/^ct_at_/);
  });

  const elsewhere = 'https://evil.example';
  it.each([
    [[issuer, elsewhere]],
    [[elsewhere, url]],
    [[issuer, url]],
    [[[issuer]]],
    [[]],
    [elsewhere],
    [{ 0: issuer }],
  ])('may not be %j (CA-18)', async (aud) => {
    expect(await refusalOf(ask(assertion(claims({ aud }))))).toEqual(refused);
  });
});

describe('the keys of a client', () => {
  it('must be named by the assertion when there are two (CA-23)', async () => {
    await register({ jwks: [key.jwk, other.jwk] });
    expect(await refusalOf(ask(assertion(claims(), { kid: undefined })))).toEqual(refused);
    expect(await ask(assertion(claims(), { kid: 'k2' }, other))).toBeDefined();
    expect(await refusalOf(ask(assertion(claims(), { kid: 'k2' })))).toEqual(refused);
  });

  it('are used with the registered algorithm only', async () => {
    await register({ tokenEndpointAuthSigningAlg: 'RS256' });
    expect(await refusalOf(ask(assertion()))).toEqual(refused);
  });

  const uri = 'https://rp.example/jwks';
  const publish = (...jwks: Jwk[]) => harness.web.documents.set(uri, JSON.stringify({ keys: jwks }));
  const remote = { jwksUri: uri };
  const withoutKeys = () => {
    const { jwks: _jwks, ...client } = sampleClient({
      id: 'pkjwt',
      tokenEndpointAuthMethod: 'private_key_jwt',
      ...remote,
    });
    return harness.clients.insert(validateClient(client).client, undefined);
  };

  it('are fetched from jwks_uri and kept for a while; a new key is found, floods are not passed on (CA-26)', async () => {
    await withoutKeys();
    publish(key.jwk);
    await ask(assertion());
    await ask(assertion());
    expect(harness.web.asked).toEqual([uri]);
    harness.advance(31_000);
    publish(other.jwk);
    await ask(assertion(claims(), { kid: 'k2' }, other));
    expect(harness.web.asked).toHaveLength(2);
    for (let index = 0; index < 20; index++) await refusalOf(ask(assertion(claims(), { kid: `k-${index}` })));
    expect(harness.web.asked).toHaveLength(2);
    expect(await refusalOf(ask(assertion()))).toEqual(refused);
  });

  it('go on for an hour when they cannot be fetched any more, and not longer', async () => {
    await withoutKeys();
    publish(key.jwk);
    await ask(assertion());
    harness.web.documents.clear();
    harness.advance(30 * 60_000);
    expect(await ask(assertion())).toBeDefined();
    harness.advance(31 * 60_000);
    expect(await refusalOf(ask(assertion()))).toEqual(refused);
  });

  it('are not taken from a document with private or symmetric keys, or with too many (JW-30)', async () => {
    await withoutKeys();
    const { d } = key.privateKey.export({ format: 'jwk' });
    for (const keys of [
      [{ ...key.jwk, d }],
      [key.jwk, { kty: 'oct', k: 'A'.repeat(43) }],
      [key.jwk, { ...other.jwk, kid: 'k1' }],
      Array.from({ length: 51 }, () => key.jwk),
    ]) {
      harness.web.documents.set(uri, JSON.stringify({ keys }));
      expect(await refusalOf(ask(assertion()))).toEqual(refused);
      harness.advance(31_000);
    }
  });

  it('are registered as a sound set of public keys', async () => {
    const read = (value: unknown) => readClientKeys(JSON.stringify(value));
    expect(await read({ keys: [key.jwk] })).toEqual([key.jwk]);
    const { d } = key.privateKey.export({ format: 'jwk' });
    for (const value of [
      [],
      {},
      { keys: [] },
      { keys: [{ ...key.jwk, d }] },
      { keys: [{ kty: 'oct', k: 'A'.repeat(43) }] },
    ]) {
      expect(await refusalOf(read(value))).toEqual({ error: 'invalid_client_metadata', status: 400 });
    }
  });

  it.each([
    [{ tokenEndpointAuthMethod: 'private_key_jwt' }, 'needs jwks or jwks_uri'],
    [{ jwks: [key.jwk], jwksUri: uri }, 'must not both'],
    [{ jwksUri: 'https://127.0.0.1/jwks' }, 'jwks_uri must name a host'],
    [{ tokenEndpointAuthSigningAlg: 'ES256' }, 'belongs to private_key_jwt'],
    [
      { tokenEndpointAuthMethod: 'private_key_jwt', jwks: [key.jwk], tokenEndpointAuthSigningAlg: 'HS256' },
      'must be one of',
    ],
  ] as [Partial<Client>, string][])('are refused in a registration such as %#', (changes, reason) => {
    expect(() => validateClient(sampleClient(changes))).toThrow(reason);
  });
});

describe('two secrets of a client (C9)', () => {
  const enter = (secret: string) => harness.token({ grant_type: 'client_credentials' }, basic('conf', secret));

  it.each([
    ['chosen', async (secret: string) => (await harness.secrets.hash(secret)).hash],
    ['generated', async () => undefined],
  ])('that were %s both work until the old one ends (CA-33)', async (_, hashOf) => {
    await harness.register();
    const made = harness.secrets.generate('conf');
    const chosen = await hashOf('second-secret');
    const [text, hash] = chosen === undefined ? [made.secret, made.hash] : ['second-secret', chosen];
    await harness.clients.rotateSecret('conf', hash, { overlapMs: 60_000, lifetimeMs: 120_000 });
    await enter('conf-secret');
    await enter(text);
    const stored = await harness.clients.find('conf');
    expect([stored?.secretUse?.lastUsedAt, stored?.previousSecret?.use.lastUsedAt]).toEqual([
      harness.now(),
      harness.now(),
    ]);
    harness.advance(60_000);
    expect(await refusalOf(enter('conf-secret'))).toEqual(refused);
    await enter(text);
    harness.advance(60_000);
    expect(await refusalOf(enter(text))).toEqual(refused);
  });

  it('are never both live without an overlap', async () => {
    await harness.register();
    await harness.clients.rotateSecret('conf', (await harness.secrets.hash('second-secret')).hash, { overlapMs: 0 });
    expect(await refusalOf(enter('conf-secret'))).toEqual(refused);
    await enter('second-secret');
  });
});
