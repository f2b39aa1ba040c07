import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  challengeKey,
  challengeOf,
  createConsentFlow,
  expectDenied,
  hmacTestJwt,
  idTokenKey,
  newTestKey,
  responseKey,
  type ResponseClaims,
  responseOf,
  signTestJwt,
  startTime,
  validRequest,
} from '../testing/authorization-harness.js';
import type { ConsentChallenge } from './challenge.js';

type Parameters = { readonly [name: string]: string | undefined };

const seconds = startTime / 1000;
type Flow = Awaited<ReturnType<typeof createConsentFlow>>;

let harness: Flow['harness'];
let browser: Flow['browser'];
let start: Flow['start'];
let comeBack: Flow['comeBack'];

beforeEach(async () => {
  ({ harness, browser, start, comeBack } = await createConsentFlow());
});

describe('a consent response', () => {
  const deep = (levels: number): unknown => (levels === 0 ? {} : { a: deep(levels - 1) });
  type Changes = (challenge: ConsentChallenge) => ResponseClaims;

  const accepted: readonly (readonly [string, Changes, object])[] = [
    ['as hydra-js makes it', () => ({}), {}],
    ['with scp a string grants no scope', () => ({ scp: 'openid' }), { scopes: [] }],
    ['without scp grants no scope', () => ({ scp: undefined }), { scopes: [] }],
    ['with a part of the scopes grants that part', () => ({ scp: ['offline'] }), { scopes: ['offline'] }],
    ['with a scope twice grants it once', () => ({ scp: ['offline', 'offline'] }), { scopes: ['offline'] }],
    ['with at_ext a string ignores it', () => ({ at_ext: 'x' }), { accessTokenExtra: {} }],
    ['with at_ext an array ignores it', () => ({ at_ext: [1] }), { accessTokenExtra: {} }],
    ['with id_ext a number ignores it', () => ({ id_ext: 7 }), { idTokenExtra: {} }],
    ['without extras', () => ({ at_ext: undefined, id_ext: null }), { accessTokenExtra: {}, idTokenExtra: {} }],
    [
      'with reserved members of id_ext ignores them',
      () => ({
        id_ext: {
          iss: 'x', sub: 'x', aud: 'x', exp: 1, iat: 1, nbf: 1, jti: 'x', nonce: 'x', auth_time: 1,
          at_hash: 'x', c_hash: 'x', s_hash: 'x', azp: 'x', acr: '1', amr: ['pwd'], sid: 's',
        },
      }),
      { idTokenExtra: { acr: '1', amr: ['pwd'], sid: 's' } },
    ], // prettier-ignore
    ['with exp one year ahead', () => ({ exp: seconds + 31_536_000 }), {}],
    ['with iat ahead within the leeway', () => ({ iat: seconds + 30 }), { authTime: seconds }],
    ['with nbf ahead within the leeway', () => ({ nbf: seconds + 30 }), {}],
    ['with exp past within the leeway', () => ({ exp: seconds - 29 }), {}],
    ['without iat', () => ({ iat: undefined }), { authTime: seconds }],
    ['with auth_time', () => ({ auth_time: seconds - 500 }), { authTime: seconds - 500 }],
    [
      'with auth_time in the future takes iat',
      () => ({ auth_time: seconds + 9, iat: seconds - 5 }),
      { authTime: seconds - 5 },
    ],
    ['with at_ext of 8 KiB', () => ({ at_ext: { a: 'x'.repeat(8184) } }), {}],
    ['with __proto__ as data', () => JSON.parse('{"at_ext":{"__proto__":{"polluted":true}}}') as ResponseClaims, {}],
  ];

  it.each(accepted)('%s', async (_, changes, grant) => {
    const challenge = await start();
    const outcome = await comeBack(challenge, harness.respond(challenge, changes(challenge)));
    expect(outcome.kind).toBe('to-client');
    const code = await harness.findCode(responseOf(outcome)['code']);
    expect(code?.grant).toMatchObject(grant);
    expect(responseOf(outcome)['scope']).toBe(code?.grant.scopes.join(' '));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each(['RS256', 'RS384', 'RS512'])('signed with %s is accepted', async (alg) => {
    const challenge = await start();
    const jwt = signTestJwt(harness.responseClaims(challenge), responseKey, { alg, typ: 'JWT' });
    expect((await comeBack(challenge, jwt)).kind).toBe('to-client');
  });

  it.each([{ alg: 'RS256' }, { alg: 'RS256', typ: 'jwt' }, { alg: 'RS256', typ: 'JWT', kid: 'private' }])(
    'with the header %j is accepted',
    async (header) => {
      const challenge = await start();
      const jwt = signTestJwt(harness.responseClaims(challenge), responseKey, header);
      expect((await comeBack(challenge, jwt)).kind).toBe('to-client');
    },
  );

  const refused: readonly (readonly [string, Changes])[] = [
    ['without sub', () => ({ sub: undefined })],
    ['with an empty sub', () => ({ sub: '' })],
    ['with sub a number', () => ({ sub: 7 })],
    ['with a control character in sub', () => ({ sub: 'a\u0000b' })],
    ['with sub the id of a client', () => ({ sub: 'conf' })],
    ['without exp', () => ({ exp: undefined })],
    ['expired beyond the leeway', () => ({ exp: seconds - 30 })],
    ['with a negative exp', () => ({ exp: -1 })],
    ['with exp a string', () => ({ exp: '1e99' })],
    ['with exp as a numeric string', () => ({ exp: String(seconds + 600) })],
    ['with exp a fraction', () => ({ exp: seconds + 0.5 })],
    ['with exp true', () => ({ exp: true })],
    ['with exp null', () => ({ exp: null })],
    ['with exp beyond 2^53', () => ({ exp: 2 ** 53 + 2 })],
    ['with nbf in the future', () => ({ nbf: seconds + 31 })],
    ['with iat in the future', () => ({ iat: seconds + 31 })],
    ['with iat a string', () => ({ iat: 'now' })],
    ['with auth_time a string', () => ({ auth_time: '1' })],
    ['for another client', () => ({ aud: 'evil' })],
    ['with aud an array', () => ({ aud: ['conf'] })],
    ['without aud', () => ({ aud: undefined })],
    ['with a scope that was not requested', () => ({ scp: ['openid', 'photos'] })],
    ['with a scope below a requested one', () => ({ scp: ['openid.x'] })],
    ['with scp of other things than strings', () => ({ scp: ['openid', 7] })],
    ['with at_ext over 8 KiB', () => ({ at_ext: { a: 'x'.repeat(8193) } })],
    ['with id_ext over 8 KiB', () => ({ id_ext: { a: 'ü'.repeat(4097) } })],
    ['with at_ext nested too deeply', () => ({ at_ext: deep(17) })],
    ['with NUL in at_ext', () => ({ at_ext: { 'a\u0000': 1 } })],
    ['with half a character in id_ext', () => ({ id_ext: { a: ['\ud800'] } })],
    ['with redir, as a challenge has it', (challenge) => ({ redir: challenge.redir })],
  ];

  it.each(refused)('%s is denied, and the request burnt', async (_, changes) => {
    const challenge = await start();
    const jar = [...browser.jar];
    const outcome = await comeBack(challenge, harness.respond(challenge, changes(challenge)));
    expectDenied(outcome);
    expect(outcome.kind === 'error-to-client' && outcome.error.hint).toBeDefined();
    expect(browser.jar.size).toBe(0);
    for (const [name, value] of jar) browser.jar.set(name, value);
    expectDenied(await comeBack(challenge, harness.respond(challenge)));
  });

  const evil = newTestKey();
  const forged: readonly (readonly [string, (claims: ResponseClaims) => string])[] = [
    ['signed with the key of ID tokens', (claims) => signTestJwt(claims, idTokenKey)],
    ['signed with the key of challenges', (claims) => signTestJwt(claims, challengeKey)],
    ['signed with a stranger\u2019s key', (claims) => signTestJwt(claims, evil)],
    ['naming its own key', (claims) => signTestJwt(claims, evil, { alg: 'RS256', typ: 'JWT', jwk: evil.jwk })],
    ['with HS256 over the public key as PEM', (claims) => hmacTestJwt(claims, publicPem())],
    ['with HS256 over the public key as JWK', (claims) => hmacTestJwt(claims, JSON.stringify(responseKey.jwk))],
    ['with HS256 over an empty key', (claims) => hmacTestJwt(claims, '')],
    ['with alg none', (claims) => signTestJwt(claims, responseKey, { alg: 'none' }).replace(/[^.]*$/, '')],
    ['with alg None and a signature', (claims) => signTestJwt(claims, responseKey, { alg: 'None' })],
    ['with PS256', (claims) => signTestJwt(claims, responseKey, { alg: 'PS256' })],
    ['with crit', (claims) => signTestJwt(claims, responseKey, { alg: 'RS256', crit: ['x'], x: 1 })],
    ['with the type at+jwt', (claims) => signTestJwt(claims, responseKey, { alg: 'RS256', typ: 'at+jwt' })],
    ['with a trailing dot', (claims) => `${signTestJwt(claims, responseKey)}.`],
    ['with padding', (claims) => `${signTestJwt(claims, responseKey)}==`],
    ['with a fourth part', (claims) => `${signTestJwt(claims, responseKey)}.e30`],
    ['without signature', (claims) => signTestJwt(claims, responseKey).replace(/[^.]*$/, '')],
    [
      'with a member twice',
      (claims) => signTestJwt(JSON.stringify(claims).replace('{', '{"sub":"alice",'), responseKey),
    ],
  ];

  function publicPem(): Buffer {
    const key = createPublicKey({ key: responseKey.jwk as JsonWebKey, format: 'jwk' });
    return Buffer.from(key.export({ type: 'spki', format: 'pem' }));
  }

  it.each(forged)('%s is denied', async (_, forge) => {
    const challenge = await start();
    expectDenied(await comeBack(challenge, forge(harness.responseClaims(challenge))));
  });

  it.each(['x', 'a.b.c', 'null.null.null', '[]', 'x'.repeat(100)])(
    'that is no JWT (%s) burns nothing',
    async (text) => {
      const challenge = await start();
      expectDenied(await comeBack(challenge, text));
      expect((await comeBack(challenge, harness.respond(challenge))).kind).toBe('to-client');
    },
  );

  it('without jti names no request, is denied and burns nothing', async () => {
    const challenge = await start();
    expectDenied(await comeBack(challenge, harness.respond(challenge, { jti: undefined })));
    expect((await comeBack(challenge, harness.respond(challenge))).kind).toBe('to-client');
  });

  it('cannot be the challenge itself, even if both had one key', async () => {
    const outcome = await browser.start(validRequest);
    const challenge = challengeOf(outcome);
    harness.responseKeys.known = [challengeKey.jwk];
    harness.responseKeys.published = [challengeKey.jwk];
    expectDenied(await comeBack(challenge, responseOf(outcome)['challenge'] ?? ''));
  });

  it('signed with a key that replaced the known one is accepted without waiting for the cache', async () => {
    const fresh = newTestKey();
    harness.responseKeys.published = [fresh.jwk];
    const challenge = await start();
    const jwt = signTestJwt(harness.responseClaims(challenge), fresh);
    expect((await comeBack(challenge, jwt)).kind).toBe('to-client');
    expect(harness.responseKeys.refreshed).toBe(1);
  });

  it('is refused when the client lost the scope in between', async () => {
    const challenge = await start({ scope: 'openid photos' });
    const client = (await harness.clients.find('conf'))?.client;
    if (client === undefined) throw new Error('no client');
    await harness.clients.update({ ...client, scopes: ['openid'] }, 'keep');
    const outcome = await comeBack(challenge, harness.respond(challenge));
    expect(responseOf(outcome)['error']).toBe('invalid_scope');
  });
});

describe('a recent authentication', () => {
  const cases: readonly (readonly [string, Parameters, number, boolean])[] = [
    ['max_age met', { max_age: '300' }, -300, true],
    ['max_age missed', { max_age: '300' }, -331, false],
    ['max_age 1 and an old login', { max_age: '1' }, -60, false],
    ['max_age 0 and a login during the flow', { max_age: '0' }, 5, true],
    ['max_age 0 and an old login', { max_age: '0' }, -31, false],
    ['prompt login and an old login', { prompt: 'login' }, -3600, false],
    ['prompt login and a login during the flow', { prompt: 'login consent' }, 5, true],
    ['no wish and an old login', {}, -86_400, true],
  ];

  it.each(cases)('%s', async (_, changes, authTime, enough) => {
    const challenge = await start(changes);
    harness.advance(20_000);
    const outcome = await comeBack(challenge, harness.respond(challenge, { auth_time: seconds + authTime }));
    if (enough) expect(outcome.kind).toBe('to-client');
    else expect(responseOf(outcome)['error']).toBe('login_required');
  });
});
