import { compactVerify, importJWK, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { createKeyManagerFixture } from './testing/key-manager-fixture.js';

const idToken = { iss: 'https://op.example', sub: 'peter', aud: 'client', exp: 2_000_000_000, iat: 1_900_000_000 };
const logoutToken = {
  iss: 'https://op.example',
  aud: 'client',
  iat: 1_900_000_000,
  exp: 2_000_000_000,
  jti: 'id',
  events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
};
const challenge = {
  aud: 'client',
  exp: 2_000_000_000,
  jti: 'id',
  redir: 'https://op.example/oauth2/auth?a=b',
  scp: ['openid'],
};

function without(claims: object, claim: string): object {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim));
}

describe('signing', () => {
  it('an ID token: header with kid, verified by the published key of that kid', async () => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    const { jws, keyId, algorithm } = await signing.sign('id-token', JSON.stringify(idToken));
    const [jwk] = await signing.verificationKeys('id-token');
    expect(jwk).toMatchObject({ kid: keyId, use: 'sig', alg: 'RS256', kty: 'RSA' });
    expect(algorithm).toBe('RS256');
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK(jwk as JWK));
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: keyId });
    expect(Buffer.from(payload).toString()).toBe(JSON.stringify(idToken));
  });

  it('a consent challenge: the exact header of the original, and the text of the claims as it was given', async () => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    const claims = JSON.stringify(challenge).replace('?a=b', '?a=b\\u0026c=d');
    const { jws } = await signing.sign('consent-challenge', claims);
    const [header = '', payload = ''] = jws.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    expect(header).toBe('{"alg":"RS256","typ":"JWT"}');
    expect(payload).toBe(claims);
    const [jwk] = await signing.verificationKeys('consent-challenge');
    await expect(compactVerify(jws, await importJWK(jwk as JWK, 'RS256'))).resolves.toBeDefined();
  });

  it('with the key of a wanted algorithm, and with that of the purpose where none is wanted', async () => {
    const { signing, sets, actor } = await createKeyManagerFixture({ ownSets: true });
    const wanted = () => signing.sign('id-token', JSON.stringify(idToken), 'ES256');
    await expect(wanted()).rejects.toMatchObject({ code: 'malformed' });
    await sets.generate({ set: 'hydra.openid.id-token.ES256', algorithm: 'ES256', name: '' }, actor);
    const { jws, keyId } = await wanted();
    const jwk = (await signing.verificationKeys('id-token')).find(({ kid }) => kid === keyId);
    await expect(compactVerify(jws, await importJWK(jwk as JWK, 'ES256'))).resolves.toBeDefined();
    expect((await signing.sign('id-token', JSON.stringify(idToken))).algorithm).toBe('RS256');
  });

  it('userinfo, with the keys of ID tokens', async () => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    const claims = { iss: idToken.iss, sub: idToken.sub, aud: idToken.aud };
    const { keyId } = await signing.sign('userinfo', JSON.stringify(claims));
    expect((await signing.verificationKeys('id-token')).map(({ kid }) => kid)).toContain(keyId);
    await expect(signing.sign('id-token', JSON.stringify(claims))).rejects.toMatchObject({ code: 'malformed' });
  });

  it('a logout token with a type of its own, with the keys of ID tokens', async () => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    const { jws, keyId } = await signing.sign('logout-token', JSON.stringify(logoutToken));
    const [jwk] = await signing.verificationKeys('id-token');
    const { protectedHeader } = await compactVerify(jws, await importJWK(jwk as JWK));
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'logout+jwt', kid: keyId });
  });

  it.each([
    ['logout-token', 'a nonce', { ...logoutToken, nonce: 'n' }],
    ['logout-token', 'another event', { ...logoutToken, events: { other: {} } }],
    ['logout-token', 'several audiences', { ...logoutToken, aud: ['a', 'b'] }],
    ...Object.keys(logoutToken).map((claim) => ['logout-token', `no ${claim}`, without(logoutToken, claim)] as const),
    ['id-token', 'events', { ...idToken, events: logoutToken.events }],
    ['userinfo', 'events', { ...idToken, events: logoutToken.events }],
  ] as const)('refuses a %s with %s, so that neither is taken for the other', async (purpose, _name, claims) => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    await expect(signing.sign(purpose, JSON.stringify(claims))).rejects.toMatchObject({ code: 'malformed' });
  });

  it('takes null for the scopes of a challenge, and an audience of several for an ID token', async () => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    await signing.sign('consent-challenge', JSON.stringify({ ...challenge, scp: null }));
    await signing.sign('id-token', JSON.stringify({ ...idToken, aud: ['a', 'b'], nonce: 'n' }));
  });

  it.each([
    ...Object.keys(idToken).map((claim) => ['id-token', `no ${claim}`, without(idToken, claim)] as const),
    ...Object.keys(challenge).map((claim) => ['consent-challenge', `no ${claim}`, without(challenge, claim)] as const),
    ['id-token', 'an empty subject', { ...idToken, sub: '' }],
    ['id-token', 'no audience', { ...idToken, aud: [] }],
    ['id-token', 'a time as text', { ...idToken, exp: '2000000000' }],
    ['id-token', 'a broken time', { ...idToken, exp: 1.5 }],
    ['consent-challenge', 'scopes as text', { ...challenge, scp: 'openid' }],
    ['consent-response', 'the claims of a consent response', challenge],
  ] as const)('refuses %s with %s', async (purpose, _name, claims) => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    await expect(signing.sign(purpose, JSON.stringify(claims))).rejects.toMatchObject({ code: 'malformed' });
  });

  it.each([
    ['no JSON', 'text'],
    ['a list', '[]'],
    ['a member named twice', JSON.stringify(idToken).replace('{', '{"sub":"admin",')],
    ['a required claim from the prototype', '{"__proto__":' + JSON.stringify(idToken) + '}'],
    ['more than 32 KB', JSON.stringify({ ...idToken, extra: 'x'.repeat(40_000) })],
  ])('refuses claims that are %s', async (_name, claims) => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    await expect(signing.sign('id-token', claims)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('uses a new key, and sees a removed one gone, at the next call on every replica', async () => {
    const one = await createKeyManagerFixture({ ownSets: true });
    const two = await createKeyManagerFixture({ store: one.store });
    const set = 'hydra.openid.id-token';
    const old = await two.signing.sign('id-token', JSON.stringify(idToken));
    const [made] = await one.sets.generate({ set, algorithm: 'RS256', name: '' }, one.actor);
    expect((await two.signing.verificationKeys('id-token')).map((jwk) => jwk.kid)).toEqual([old.keyId, made?.jwk.kid]);
    expect((await two.signing.sign('id-token', JSON.stringify(idToken))).keyId).toBe(old.keyId);
    one.advanceClock(120_000);
    await one.rotation.advance();
    expect((await two.signing.sign('id-token', JSON.stringify(idToken))).keyId).toBe(made?.jwk.kid);
    const kids = (await two.signing.verificationKeys('id-token')).map((jwk) => jwk.kid);
    expect(kids).toEqual([made?.jwk.kid, old.keyId]);
    await one.sets.deleteKey(set, old.keyId, one.actor);
    expect((await two.signing.verificationKeys('id-token')).map((jwk) => jwk.kid)).toEqual([made?.jwk.kid]);
  });

  it('signs nothing that outlives the key that verifies it', async () => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    const until = (seconds: number) => JSON.stringify({ ...idToken, exp: 2_000_000_000 + seconds });
    await signing.sign('id-token', until(3_600));
    await expect(signing.sign('id-token', until(3_601))).rejects.toMatchObject({ code: 'malformed' });
  });

  it('publishes no private member for any purpose, and no two keys of one kid', async () => {
    const { signing, sets, actor } = await createKeyManagerFixture({ ownSets: true });
    await sets.generate({ set: 'hydra.consent.response', algorithm: 'RS256', name: '' }, actor);
    for (const purpose of ['id-token', 'consent-challenge', 'consent-response'] as const) {
      const keys = await signing.verificationKeys(purpose);
      expect(new Set(keys.map((jwk) => jwk.kid)).size).toBe(keys.length);
      for (const jwk of keys) {
        expect(Object.keys(jwk).filter((name) => !['kty', 'kid', 'use', 'alg', 'n', 'e'].includes(name))).toEqual([]);
      }
    }
    expect(await signing.verificationKeys('consent-response')).toHaveLength(2);
  });

  it('has a separate key for each purpose', async () => {
    const { signing } = await createKeyManagerFixture({ ownSets: true });
    const purposes = ['id-token', 'consent-challenge', 'consent-response'] as const;
    const keys = await Promise.all(purposes.map((purpose) => signing.verificationKeys(purpose)));
    expect(new Set(keys.flat().map((jwk) => jwk.n)).size).toBe(3);
  });
});
